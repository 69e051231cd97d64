"""New credentials of a channel: taken up by every process at its next look, the old ones proving calls for a day."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from channels.errors import SignatureInvalid
from channels.messages import RawRequest
from config.settings import ChannelTable, Secret, Settings, SettingsError
from gateway import roster
from gateway.operations import hangup
from gateway.roster import GRACE, Roster, announce, fingerprint, keep_former
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import only

OLD, NEW, LATER = "test-sms-token-0123456789", "test-sms-token-9876543210", "test-sms-token-5555555555"


@dataclass(slots=True)
class Machine:
    """A process with its own files: what they say is `token`; "" = they cannot be read."""

    store: Store
    settings: Settings
    token: str = OLD
    rate: float | None = None

    def __post_init__(self) -> None:
        office = self.store.office
        known = office.channels
        assert isinstance(known, Roster)
        self.store.office = replace(
            office,
            channels=Roster(self.read(), office.keys, known._build, self.read, every_s=0.0),
        )

    def read(self) -> Settings:
        if not self.token:
            raise SettingsError("channels.sms.inbound_token", "cannot be read")
        tables_ = [
            replace(table, values={**table.values, "inbound_token": Secret(self.token)}, messages_per_second=self.rate)
            if table.name == "sms"
            else table
            for table in self.settings.channels
        ]
        return replace(self.settings, channels=tuple(tables_))

    def look(self) -> None:
        with self.store.reading():
            """A transaction looks before it begins."""

    def takes(self, token: str, at: Moment) -> bool:
        self.look()
        call = RawRequest("GET", "", f"token={token}&from=%2B62812".encode(), {}, b"", "127.0.0.1", at.now)
        try:
            self.store.office.channels["sms"].verify(call)
        except SignatureInvalid:
            return False
        return True


@pytest.fixture
def machines(store: Store, office_settings: Settings) -> tuple[Machine, Machine]:
    first = Machine(store, office_settings)
    second = Machine(Store(store.engine, store.office), office_settings)
    return first, second


@pytest.fixture
def office_settings(store: Store) -> Settings:
    return store.office.settings


def rotate(machine: Machine, token: str, *, at_once: bool = False) -> None:
    """What `gateway channels reload` writes, with the settings of now."""
    table = _table(machine, token)
    keys = machine.store.office.keys
    machine.store.run(lambda tx: announce(tx, "sms", fingerprint(keys, table), at_once=at_once))


def _table(machine: Machine, token: str) -> ChannelTable:
    table = machine.settings.channel("sms")
    assert table is not None
    return replace(table, values={**table.values, "inbound_token": Secret(token)})


def test_each_process_changes_when_its_own_files_say_what_was_announced(
    machines: tuple[Machine, Machine], moment: Moment
) -> None:
    first, second = machines
    assert (first.takes(OLD, moment), first.takes(NEW, moment)) == (True, False)
    first.token = NEW
    rotate(first, NEW)
    with capture_logs() as lines:
        assert (first.takes(NEW, moment), first.takes(OLD, moment), second.takes(NEW, moment)) == (True, True, False)
        second.token = ""
        assert second.takes(OLD, moment)
        second.token = NEW
        assert second.takes(NEW, moment)
    told = [(line["event"], line["log_level"]) for line in lines]
    assert told == [("channel_reloaded", "info"), ("channel_not_reloaded", "warning"), ("channel_reloaded", "info")]
    moment.pass_(hours=23)
    assert (first.takes(OLD, moment), second.takes(OLD, moment)) == (True, True)
    moment.pass_(hours=1)
    assert (first.takes(OLD, moment), second.takes(OLD, moment), first.takes(NEW, moment)) == (False, False, True)


def test_who_begins_after_the_change_knows_the_old_secret_and_nobody_reads_it(
    machines: tuple[Machine, Machine], moment: Moment
) -> None:
    first, _ = machines
    first.token = NEW
    rotate(first, NEW)
    first.look()
    assert (first.store.run(keep_former), first.store.run(keep_former)) == (1, 0)
    row = only(first.store, tables.channel_reload)
    assert OLD.encode() not in bytes(row.former_sealed)
    fresh = Machine(Store(first.store.engine, first.store.office), first.settings, NEW)
    assert (fresh.takes(OLD, moment), fresh.takes(NEW, moment), fresh.takes(LATER, moment)) == (True, True, False)
    moment.pass_(hours=24)
    first.store.run(keep_former)
    assert only(first.store, tables.channel_reload).former_sealed is None
    assert not fresh.takes(OLD, moment)


def test_after_a_leak_the_old_secret_proves_nothing_at_once_and_two_changes_a_day_chain(
    machines: tuple[Machine, Machine], moment: Moment
) -> None:
    first, second = machines
    for machine in machines:
        machine.token = NEW
    rotate(first, NEW)
    assert second.takes(OLD, moment)
    for machine in machines:
        machine.token = LATER
    moment.pass_(minutes=5)
    rotate(first, LATER)
    assert [second.takes(token, moment) for token in (OLD, NEW, LATER)] == [True, True, True]
    moment.pass_(minutes=5)
    for machine in machines:
        machine.token = OLD + "-third"
    rotate(first, OLD + "-third", at_once=True)
    assert [second.takes(token, moment) for token in (OLD, NEW, LATER, OLD + "-third")] == [False, False, False, True]
    first.look()
    assert first.store.run(keep_former) == 0


def test_a_fingerprint_covers_what_a_table_refers_to(tmp_path, store: Store) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "secret"
    file.write_text("one")
    file.chmod(0o600)
    table = ChannelTable("sms", "http_sms", {"outbound": {"token": f"file:{file}", "tries": 3}})
    before = fingerprint(store.office.keys, table)
    file.write_text("two")
    assert before != fingerprint(store.office.keys, table)
    assert "one" not in before


def test_an_audit_line_names_secrets_only(store: Store) -> None:
    assert roster.secret_names(store.office.channels["sms"]) == ["inbound_token", "password"]
    assert timedelta(hours=24) == GRACE


def test_a_leak_that_is_told_after_the_change_ends_the_old_secret_too(
    machines: tuple[Machine, Machine], moment: Moment
) -> None:
    first, _ = machines
    first.token = NEW
    rotate(first, NEW)
    assert first.takes(OLD, moment)
    first.store.run(keep_former)
    moment.pass_(minutes=5)
    rotate(first, NEW)
    fresh = Machine(Store(first.store.engine, first.store.office), first.settings, NEW)
    assert (first.takes(OLD, moment), fresh.takes(OLD, moment)) == (True, True), "the same told twice changes nothing"
    rotate(first, NEW, at_once=True)
    late = Machine(Store(first.store.engine, first.store.office), first.settings, NEW)
    assert [one.takes(OLD, moment) for one in (first, fresh, late)] == [False, False, False]
    assert first.takes(NEW, moment)
    first.store.run(keep_former)
    kept = short_ways.rows(first.store, tables.channel_reload)
    assert [row.former_sealed for row in kept] == [None, None, None]


def test_a_rate_that_is_changed_is_taken_up_and_the_settings_of_now_are_compared_on_demand(
    machines: tuple[Machine, Machine], moment: Moment
) -> None:
    first, second = machines
    known = first.store.office.channels
    assert isinstance(known, Roster)
    assert known.changed() == {}
    first.rate = second.rate = 0.5
    assert first.takes(OLD, moment)
    assert known["sms"].messages_per_second != 0.5, "nobody announced it"
    assert hangup.take_up(first.store) == ["sms"]
    assert hangup.take_up(second.store) == ["sms"], "told, too, before it looked"
    assert short_ways.count(first.store, tables.channel_reload) == 1
    for machine in machines:
        machine.look()
        assert machine.store.office.channels["sms"].messages_per_second == 0.5
    assert hangup.take_up(first.store) == []
    first.token = ""
    with pytest.raises(SettingsError):
        hangup.take_up(first.store)
