"""The blind set: citizens' messages and sentences, labelled by another hand than the one that keeps the word lists.

Written without looking at the lists, examples and profiles of the classifier, so that it says something about real messages. **Nobody copies from it
into a word list, an example or a message**: who wants a better figure writes more text of the same kind out of their own head. All citizens are invented.
The sets differ on purpose: 5 and 6 avoid the textbook word and the name of the office, 4 and 7 are as most messages are.

`messages-*.jsonl` has `id, text, kind, topic, agency, place, place_code, language, sensitive, emergency, out_of_authority`; the place is what
the text itself tells (a landmark stands for the area of landmarks.csv), null where it tells none and where a question only names an office or a way; who handles what is decided by overlaps.csv and
out-of-authority.csv. `languages.jsonl` has `text, language` (BCP 47).

`bukan_laporan` rows may carry `hold` (`spam` advertising, scams and chain letters; `abuse` insults without substance).
"""

import json
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent

Row = Mapping[str, object]


def messages() -> list[Row]:
    return [row for file in sorted(HERE.glob("messages-*.jsonl")) for row in _read(file)]


def sentences() -> list[Row]:
    return _read(HERE / "languages.jsonl")


def _read(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
