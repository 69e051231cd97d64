"""Every control has its proof: docs/security/controls.toml against the tests that carry ids in their names."""

from tests import controls

ALL = {row.id: row for row in controls.controls()}


def test_every_control_is_in_the_table() -> None:
    assert list(ALL) == [f"C{number}" for number in range(1, 36)]


def test_what_is_kept_somewhere_is_proved_and_what_is_not_says_why() -> None:
    proved = controls.proofs()
    assert [row.id for row in ALL.values() if row.kept and row.id not in proved] == []
    assert [row.id for row in ALL.values() if not row.kept and (row.id in proved or not row.later)] == []


def test_no_test_names_a_control_that_is_not_there() -> None:
    assert set(controls.proofs()) <= ALL.keys()


def test_what_keeps_a_control_is_there() -> None:
    named = [name for row in ALL.values() for name in row.kept]
    assert len(named) > 50
    assert [name for name in named if not (controls.ROOT / name).exists()] == []


def test_the_page_is_made_from_the_table() -> None:
    made = controls.page()
    assert (controls.ROOT / "docs/security.md").read_text() == made, "run: python -m tests.controls > docs/security.md"


def test_ids_are_read_from_the_front_of_a_name() -> None:
    assert controls.ids_of("test_f96_c24_c1_nobody_is_found") == ["C24", "C1"]
    assert controls.ids_of("test_c7_whoever_has_c3") == ["C7"]
    assert controls.ids_of("test_the_c7_is_no_id") == []
