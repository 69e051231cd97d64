"""Checks of expectations say what they saw, like asserts in a test module do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plans import watched

pytest.register_assert_rewrite("tests.transcripts.expectations", "tests.transcripts.seen")


@pytest.fixture(autouse=True)
def _no_table_is_read_whole(tmp_path: Path) -> Iterator[None]:
    """Whatever a talk causes, from the webhook to the officers' answers, finds its rows by an index (PERFORMANCE § 4)."""
    assert tmp_path  # its database is still there when statements are explained
    with watched() as asked:
        yield
    assert not asked.whole()
