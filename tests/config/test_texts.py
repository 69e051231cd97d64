"""Words by key and language: complete, filled in, and the same keys everywhere."""

from pathlib import Path

import pytest

from config import texts as module
from config.texts import TextError, Texts

TEXTS = Texts(
    {
        "id": {
            "rx.receipt": "Laporan diterima. No {tiket} kode {kode}.",
            "rx.thanks": "Terima kasih.",
            "command.status": ("STATUS", "CEK"),
        },
        "en": {"rx.receipt": "Report received. No {tiket} code {kode}.", "command.status": ("STATUS", "CHECK")},
    }
)


def test_a_text_is_filled_in() -> None:
    assert TEXTS("rx.receipt", "en", tiket="KBR-260001235", kode="4821-9037") == (
        "Report received. No KBR-260001235 code 4821-9037."
    )


def test_braces_in_a_value_stay_what_they_are() -> None:
    assert TEXTS("rx.receipt", "id", tiket="{kode}", kode="{0}") == "Laporan diterima. No {kode} kode {0}."


def test_indonesian_speaks_where_a_language_is_silent() -> None:
    assert TEXTS("rx.thanks", "en") == "Terima kasih."
    assert TEXTS("rx.thanks", "jv") == "Terima kasih."


def test_a_missing_value_is_a_fault_with_a_name() -> None:
    with pytest.raises(TextError, match=r"rx\.receipt \(id\) needs a value for \{kode\}"):
        TEXTS("rx.receipt", "id", tiket="KBR-260001235")


def test_a_missing_key_is_a_fault_with_a_name() -> None:
    with pytest.raises(TextError, match=r"no text 'rx\.reciept'"):
        TEXTS("rx.reciept")


def test_lists_hold_the_synonyms_of_a_command() -> None:
    assert TEXTS.words("command.status", "en") == ("STATUS", "CHECK")
    assert TEXTS.words("rx.thanks") == ("Terima kasih.",)
    with pytest.raises(TextError, match="is a list of words"):
        TEXTS("command.status")


def test_languages_that_differ_are_found() -> None:
    differing = Texts({"id": {"a": "{x}", "b": "b"}, "en": {"a": "{y}", "c": "c"}})
    assert differing.problems() == [
        "b: missing in en",
        "c: in en, missing in id",
        "a: en asks for y, id does not",
    ]
    with pytest.raises(TextError, match="b: missing in en"):
        differing.check()


def test_a_required_key_must_exist() -> None:
    with pytest.raises(TextError, match=r"st\.answer: missing in id"):
        Texts({"id": {}}).check(["st.answer"])


def lay(folder: Path, name: str, text: str) -> None:
    file = folder / "texts" / "id" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


# fmt: off
FILES = [
    # files of the areas                                                    texts, or what is refused
    ({"a.toml": '[rx]\nreceipt = "ya"\n"receipt.sms" = "y"'},               {"rx.receipt": "ya", "rx.receipt.sms": "y"}),
    ({"a.toml": '[rx.deep]\nx = """\nsatu\ndua\n"""'},                      {"rx.deep.x": "satu\ndua"}),
    ({"a.toml": 'x = "1"', "b.toml": 'y = "2"', "notes.md": "?"},           {"x": "1", "y": "2"}),
    ({"a.toml": 'x = "1"', "b.toml": 'x = "2"'},                            "id/b.toml: x stands in another file too"),
    ({"a.toml": "x = 1"},                                                   "id/a.toml: x must be a text or a list of texts"),
    ({"a.toml": "x = "},                                                    "id/a.toml: Invalid value (at end of document)"),
]
# fmt: on


@pytest.mark.parametrize(("areas", "outcome"), FILES)
def test_the_files_of_all_areas_make_one_table(
    areas: dict[str, str], outcome: dict[str, str] | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in areas.items():
        lay(tmp_path, name, text)
    monkeypatch.setattr(module, "files", lambda _package: tmp_path)
    if isinstance(outcome, str):
        with pytest.raises(TextError) as refused:
            Texts.load(["id"])
        assert str(refused.value) == outcome
        return
    loaded = Texts.load(["id"])
    assert {key: loaded(key) for key in loaded.keys("id")} == outcome


def test_a_language_without_a_folder_is_refused() -> None:
    with pytest.raises(TextError, match="no texts in language 'xx'"):
        Texts.load(["xx"])


def test_the_shipped_texts_agree_in_every_language() -> None:
    shipped = Texts.load()
    assert set(shipped.languages) == {"id", "en"}
    assert shipped.problems() == []
