"""No kind of channel is left out of the tables of docs/channels/README.md, and no common test leaves one out."""

from channels.registry import ADAPTERS, webhook_kinds
from tests.channels import matrix


def test_every_kind_has_a_column_and_can_do_something() -> None:
    assert [kind.name for kind in matrix.kinds()] == sorted(ADAPTERS)
    for kind in matrix.kinds():
        assert any(tell(kind) == matrix.YES for tell in matrix.FEATURES.values()), kind.name


def test_every_common_test_runs_on_every_kind_that_is_called() -> None:
    found = matrix.counted()
    assert len(found) >= 15
    lacking = {
        test: webhook_kinds() - counts.keys() for test, counts in found.items() if webhook_kinds() - counts.keys()
    }
    assert lacking == {}


def test_every_kind_that_nobody_calls_has_tests_of_its_own() -> None:
    alone = set(ADAPTERS) - webhook_kinds()
    assert alone
    for kind in alone:
        assert list(matrix.PAYLOADS.parent.glob(f"test_{kind}*.py")), kind
