"""The only wiring: settings become an office, a store, channels and a doorbell; used by web, commands and workers."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from channels import registry
from channels.messages import Inbound, RawRequest
from channels.registry import Channel
from config.clock import Clock, clock_for
from config.load import load
from config.reference import Reference, reference_for
from config.settings import ChannelTable, Settings
from config.texts import Texts, shipped
from gateway.audit import audit
from gateway.complaints.calendar import Calendar
from gateway.dialogue.lexicon import lexicon
from gateway.doorbell import Doorbell
from gateway.file_store import open_files
from gateway.intake.batching import Writer
from gateway.intake.intake import receive
from gateway.intake.spool import Spool
from gateway.office import Office
from gateway.people import accounts, directory
from gateway.roster import Roster
from gateway.sealing import Keys
from gateway.storage.engine import holds_rows, open_engine, upgrade
from gateway.storage.store import Store
from gateway.storage.types import Ids
from gateway.wording import Wording

DRAWN_SECRET_CHARACTERS = 48
OF_AN_OFFICE = ("message", "complaint", "agency", "agency_member")
"""Tables that hold something from the first start on."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything a process works with. Close it when the process ends."""

    settings: Settings
    office: Office
    store: Store
    doorbell: Doorbell
    clock: Clock

    @property
    def texts(self) -> Texts:
        return self.office.texts

    @property
    def channels(self) -> Mapping[str, Channel]:
        return self.office.channels

    def close(self) -> None:
        self.doorbell.close()
        self.store.close()


def open_gateway(settings: Settings, clock: Clock | None = None, seed: int | None = None) -> Gateway:
    """Wire one process. SettingsError or ReferenceInvalid name what is wrong in the settings or the data.

    For a simulation: `clock` is another time than that of the settings, with a `seed` ids are the same each time.
    """
    clock = clock or clock_for(settings)
    office = open_office(settings, clock)
    doorbell = Doorbell(None if settings.redis.is_embedded else settings.redis.url)
    ids = None if seed is None else Ids(seed, 0)
    store = Store(open_engine(settings.storage.url), office, doorbell.ring, doorbell.tell, ids)
    return Gateway(settings, office, store, doorbell, clock)


def open_office(settings: Settings, clock: Clock) -> Office:
    keys = Keys.derive(settings.storage.identity_key.reveal())
    reference = reference_for(settings)

    def drawn(label: str) -> str:
        # Secrets that a provider is told by us: the same at every start, without a place to keep them.
        digest = hmac.new(keys.form, label.encode(), hashlib.sha256).hexdigest()
        return digest[:DRAWN_SECRET_CHARACTERS]

    def build(table: ChannelTable) -> Channel:
        return registry.build([table], absent_secret=drawn)[table.name]

    return Office(
        settings=settings,
        keys=keys,
        wording=Wording(shipped()),
        reference=reference,
        channels=Roster(settings, keys, build, load),
        files=open_files(settings.storage),
        calendar=calendar_of(settings, reference),
        lexicon=lexicon(reference),
        now=clock.now,
    )


def open_writer(gateway: Gateway) -> Writer:
    """The writer of a process that takes messages, with its spool; `Writer.run` is the caller's task."""
    settings = gateway.settings
    storage = settings.storage
    spool = Spool(Path(storage.spool_dir), gateway.office.keys.raw, storage.reserve_mib, storage.nearly_full)
    is_low = spool.prepare()

    def parse(name: str, request: RawRequest) -> Sequence[Inbound]:
        reader = gateway.office.channels[name].reader
        return reader.parse(request) if reader else ()

    intake = settings.intake
    writer = Writer(gateway.store, spool, receive, parse, intake.max_waiting, intake.spool_after_s)
    writer.low_on_disk = is_low
    return writer


def calendar_of(settings: Settings, reference: Reference) -> Calendar:
    table = reference.holidays
    return Calendar.of(table.holidays, settings.government.time_zone, reference.region, table.years)


def is_in_use(settings: Settings) -> bool:
    """Whether an office works with this database. Asked before `prepare`, which puts the agencies of `settings` in the place
    of those that are there."""
    return holds_rows(settings.storage.url, OF_AN_OFFICE)


def prepare(settings: Settings) -> None:
    """Bring the database up to date: schema, reference data, first account, first stone of the audit chain."""
    upgrade(settings.storage.url)
    gateway = open_gateway(settings)
    try:
        with gateway.store.transaction() as tx:
            audit.begin(tx)
            directory.load(tx)
            accounts.bootstrap(tx)
    finally:
        gateway.close()
