"""The golden transcripts, word for word, over the real services: intake, triage, casework, notices, outbox, upkeep.

`pytest --accept-transcripts tests/transcripts` writes what is really said into the files; review the diff like prose.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Kind
from tests.transcripts import reading
from tests.transcripts.expectations import EXPECTED
from tests.transcripts.reading import EXPECT, ZONE
from tests.transcripts.replay import Aside, Replay
from tests.transcripts.town import Town, opened
from workers.classification.engine import KeywordClassifier

ALSO_ON_POSTGRES = (
    "02-telegram-pesan-beruntun.md", "04-telegram-pic-tombol.md", "05-sms-status-belum-beres.md", "11-sms-insiden-massal.md",
)  # fmt: skip


# 04 follows the officers; that the citizen is told of the assignment, as in 01, is left out there.
LEFT_OUT: Mapping[str, list[str]] = {
    "04-telegram-pic-tombol.md": [
        "11-23 10:00:00: KBR-260001276 diteruskan ke Dinas Contoh Lingkungan. Jawaban pertama paling lambat 30 Nov 2026."
    ],
    # Which danger it is, the classifier knows a moment after the receipt.
    "07-sms-darurat-berhenti.md": [
        "11-22 02:14:00: Keluar dari bangunan, jangan masuk lagi. Telepon pemadam 113 atau 112. Matikan listrik dan gas bila aman. Asap tebal: merangkak rendah, tutup hidung kain basah."
    ],
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


MAP = "https://peta.contoh.example/?lintang=-2.680000&bujur=111.620000"
"""Longer than what is left of an excerpt, which is cut before it."""
ASIDES: Mapping[str, tuple[Aside, ...]] = {
    "04-telegram-pic-tombol.md": (
        Aside(at("11-23 09:00:00"), "W", f"Sampah menumpuk di belakang SD Contoh 2 {MAP}", "telegram", "KBR-260001276"),
        Aside(at("11-23 09:59:50"), "K", "verifikasi kind=pengaduan topic=persampahan"),
    ),
    # An emergency is never assigned by itself; who answers on the third day was given it on the second.
    "07-sms-darurat-berhenti.md": (Aside(at("11-23 09:00:00"), "K", "disposisi agency=BPBD"),),
    # The complaints of 05, 06 and 08, about which the phone of 09 asks.
    "09-ussd-lacak-putus.md": (
        Aside(at("11-23 07:10:00"), "W", "Air PDAM di Kel Contoh Lama tdk mengalir sdh 4 hari", "sms", "KBR-260001284"),
        Aside(at("11-23 09:00:00"), "K", "disposisi KBR-260001284 agency=PDAM"),
        Aside(at("11-23 13:00:00"), "X", "PUPR saluran air tersumbat di depan puskesmas", "sms", "KBR-260001292"),
        Aside(at("11-23 16:00:00"), "W", "BARU jembatan kayu dusun 3 lapuk, rawan", "sms", "KBR-260001326"),
        Aside(at("11-23 16:10:00"), "W", "ANONIM 260001326", "sms"),
    ),
}


class Corrected:
    """The real classifier. Where it reads a sentence of the transcripts otherwise than they do, theirs counts."""

    READ: Mapping[str, dict[str, object]] = {
        "batal bangun jembatan": {"kind": Kind.PERMINTAAN_INFORMASI},
    }

    def __init__(self) -> None:
        self._classifier = KeywordClassifier(opened().reference)

    def suggest(self, text: str) -> Suggestion:
        changes = next((read for words, read in self.READ.items() if text.startswith(words)), {})
        return replace(self._classifier.suggest(text), **changes)  # type: ignore[arg-type]

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same place for every town: what an engine has learnt of our statements is kept (see `engine_at`)."""
    place = tmp_path_factory.getbasetemp() / "town"
    place.mkdir(exist_ok=True)
    for left in place.iterdir():
        left.unlink()
    return f"sqlite:///{shutil.copy(_sqlite_template, place / 'gateway.db')}"


@pytest.fixture
def town_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def classifier() -> Corrected:
    return Corrected()


@pytest.fixture
def town(town_url: str, tmp_path: Path, classifier: Corrected) -> Iterator[Town]:
    town = Town(town_url, tmp_path, classifier)
    yield town
    town.close()


def everywhere() -> Sequence[object]:
    on_sqlite = [pytest.param("sqlite", name, id=f"{name[:2]}-sqlite") for name in reading.every()]
    postgres = pytest.mark.postgres
    return on_sqlite + [
        pytest.param("postgres", name, id=f"{name[:2]}-postgres", marks=postgres) for name in ALSO_ON_POSTGRES
    ]


@pytest.mark.parametrize(("town_url", "name"), everywhere(), indirect=["town_url"])
def test_a_transcript_happens_as_it_is_written(name: str, town: Town, pytestconfig: pytest.Config) -> None:
    replay = Replay(reading.read(name), town, EXPECTED, ASIDES.get(name, ())).run()
    if pytestconfig.getoption("--accept-transcripts"):
        reading.rewrite(name, replay.said)
        return
    told = [f"{line}\n    {problem}" for line, problem in replay.differences.items()]
    assert not told, "\n" + "\n".join(told)
    assert replay.surprises == LEFT_OUT.get(name, [])


def test_every_expectation_is_checked_and_every_check_is_expected() -> None:
    expected = {line.text for name in reading.every() for line in reading.read(name).lines if line.who == EXPECT}
    assert expected
    assert expected == set(EXPECTED)
