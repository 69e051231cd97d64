"""Every promise has its proof: docs/reliability/ against the tests that carry ids in their names."""

from tests import promises
from tests.promises import Promise

ALL = {row.id: row for rows in promises.promises().values() for row in rows}
MEANT = {row.id: row for row in ALL.values() if not row.later}


def test_every_promise_that_is_not_for_later_has_a_test() -> None:
    proved = promises.proofs()
    assert [row.id for row in MEANT.values() if row.id not in proved and not row.untested] == []
    assert len(MEANT) > 70


def test_a_promise_that_has_a_test_is_not_called_untested_or_later() -> None:
    proved = promises.proofs()
    assert [row.id for row in ALL.values() if row.untested and row.id in proved] == []


def test_no_test_names_a_promise_that_is_not_there() -> None:
    assert set(promises.proofs()) <= ALL.keys()


def test_the_page_is_made_from_the_promises() -> None:
    made = promises.page()
    assert (promises.ROOT / "docs/reliability.md").read_text() == made, (
        "run: python -m tests.promises page > docs/reliability.md"
    )


def test_ids_are_read_from_the_front_of_a_name() -> None:
    assert promises.ids_of("test_f25_f26_a_death_of_f27") == ["F25", "F26"]
    assert promises.ids_of("test_f96_c24_c1_nobody") == ["F96"]
    assert promises.ids_of("test_four_channels") == []


def test_a_result_tells_what_passed_and_what_did_not() -> None:
    report = """<testsuites><testsuite><testcase name="test_f01_x[a]"/><testcase name="test_f01_x[b]"><failure/></testcase>
    <testcase name="test_f02_f03_y"/></testsuite></testsuites>"""
    assert promises.results(report) == {"F01": "1 passed, 1 did not", "F02": "1 passed", "F03": "1 passed"}


def test_a_row_says_what_it_waits_for() -> None:
    later = promises._row(Promise("F1", "It holds.", later="SMPP"), [], "")
    assert later == "| F1 | It holds. | later, with SMPP | |"
