"""A gateway on a prepared database, time in the test's hand, and simulated providers in a process of their own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from channels import registry
from config.load import settings_from
from gateway.file_store import open_files
from gateway.intake import triage
from gateway.office import Office
from tests.faults.lives import Life
from tests.faults.providers import Providers, providers_running
from tests.gateway.conftest import SETTINGS, Moment, engine_at
from tests.prepared import *  # noqa: F403 - fixtures, asked for by name
from workers.classification.engine import KeywordClassifier

ASSIGNED = "[triage]\nauto_assign_min_confidence = 0.0\n"
NEVER = 10**30
"""No complaint is drawn for a person's second look: chance is in the test's hand."""
AGENCIES = Path(__file__).parent.parent / "gateway" / "agencies.toml"


@pytest.fixture(scope="session")
def _classifier(_office: Office) -> KeywordClassifier:
    return KeywordClassifier(_office.reference)


@pytest.fixture(scope="module")
def _providers() -> Iterator[Providers]:
    with providers_running() as running:
        yield running


@pytest.fixture
def providers(_providers: Providers) -> Providers:
    """Simulated Telegram, Kannel and LAPOR! that have heard of nobody yet."""
    _providers.forget()
    return _providers


Open = Callable[[str], Life]


@pytest.fixture
def _opened(
    tmp_path: Path,
    moment: Moment,
    monkeypatch: pytest.MonkeyPatch,
    providers: Providers,
    _office: Office,
    _classifier: KeywordClassifier,
) -> Open:
    monkeypatch.setattr(triage, "SAMPLE", NEVER)
    codes = iter(range(48219037, 10**8, 1_111))

    def on(url: str) -> Life:
        text = (SETTINGS + ASSIGNED).format(url=url, folder=tmp_path, agencies=AGENCIES)
        settings = settings_from(providers.named_in(text), environ={})
        channels = registry.build(settings.channels, absent_secret=lambda _: "0" * 48)
        office = replace(
            _office,
            settings=settings,
            files=open_files(settings.storage),
            channels=channels,
            now=moment,
            draw=lambda _: next(codes),
        )
        return Life(engine_at(url), office, moment, _classifier)

    return on


@pytest.fixture
def life(_opened: Open, sqlite_url: str) -> Iterator[Life]:
    """Everything that a gateway does, over one database, ready to be lived in processes of its own."""
    made = _opened(sqlite_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def life_everywhere(_opened: Open, database_url: str) -> Iterator[Life]:
    """The same once on each kind of database."""
    made = _opened(database_url)
    yield made
    made.engine.dispose()
