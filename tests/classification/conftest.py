"""One classifier on the built-in reference data for all tests of this folder: it holds no state that a test could change."""

import pytest

from config.reference import Reference
from workers.classification.engine import KeywordClassifier


@pytest.fixture(scope="session")
def reference() -> Reference:
    return Reference.load()


@pytest.fixture(scope="session")
def classifier(reference: Reference) -> KeywordClassifier:
    return KeywordClassifier(reference)
