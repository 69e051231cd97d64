"""Checks of expectations say what they saw, like asserts in a test module do."""

from collections.abc import Iterator

import pytest

from tests.plans import watched

pytest.register_assert_rewrite("tests.transcripts.expectations", "tests.transcripts.seen")


@pytest.fixture(autouse=True)
def _no_table_is_read_whole() -> Iterator[None]:
    """Whatever a talk causes, from the webhook to the officers' answers, finds its rows by an index (PERFORMANCE § 4)."""
    with watched() as asked:
        yield
    assert not asked.whole()
