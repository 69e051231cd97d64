"""Checks of expectations say what they saw, like asserts in a test module do."""

import pytest

pytest.register_assert_rewrite("tests.transcripts.expectations", "tests.transcripts.seen")
