"""What a killed process leaves in its journal of sends: which of its messages never left, which were answered."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.messages import Address, DeliveryStatus, OutboundMessage
from gateway.outbound.outbound import Outcome, Parcel
from gateway.sealing import Keys
from workers import send_journal
from workers.send_journal import SendJournal, not_begun

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEYS = Keys.derive("an-identity-key-that-opens-nothing-but-tests")
TEXT = "Laporan diterima"
CHAT = Address("tg", "700412345")


def parcel(number: int, fence: int = 1) -> Parcel:
    message = OutboundMessage(f"ob_{number}", CHAT, TEXT)
    return Parcel(number, fence, "tg", f"tg:{number}", message, 0, NOW, NOW + timedelta(hours=48))


def sent(number: int, fence: int = 1) -> Outcome:
    return Outcome(number, fence, DeliveryStatus.SENT, provider_id=f"m:{CHAT.path}:{number}", address=CHAT, detail=TEXT)


def killed(journal: SendJournal) -> None:
    """As `kill -9` does it: files are closed, and with that unlocked; nothing is tidied."""
    for file in {id(each): each for each in [*journal._file_of.values(), journal._current] if each}.values():
        file.stream.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SendJournal]:
    journal = SendJournal(tmp_path, KEYS)
    yield journal
    killed(journal)


@pytest.fixture
def heir(tmp_path: Path) -> Iterator[SendJournal]:
    heir = SendJournal(tmp_path, KEYS)
    yield heir
    heir.close()


def files(folder: Path) -> list[Path]:
    return list(folder.glob(f"*{send_journal.SUFFIX}"))


def test_what_was_not_begun_leaves_again_and_what_was_answered_is_known(
    journal: SendJournal, heir: SendJournal
) -> None:
    journal.claimed([parcel(1), parcel(2, fence=4), parcel(3)])
    journal.begun(parcel(1))
    journal.begun(parcel(3))
    journal.ended(sent(3))
    killed(journal)
    left = {each.id: each for each in heir.left_behind()}
    assert left.keys() == {2, 3}, "of the first nobody knows"
    assert left[2] == not_begun(2, 4)
    assert (left[3].state, left[3].fence) == (DeliveryStatus.SENT, 1)


def test_a_message_claimed_again_is_what_became_of_it_last(journal: SendJournal, heir: SendJournal) -> None:
    journal.claimed([parcel(1)])
    journal.begun(parcel(1))
    journal.ended(sent(1))
    journal.settled([sent(1)])
    journal.claimed([parcel(1, fence=2)])
    killed(journal)
    assert heir.left_behind() == [not_begun(1, 2)]


def test_the_living_are_not_inherited_from(journal: SendJournal, heir: SendJournal) -> None:
    journal.claimed([parcel(1)])
    assert heir.left_behind() == []


def test_two_heirs_do_not_share(journal: SendJournal, heir: SendJournal, tmp_path: Path) -> None:
    journal.claimed([parcel(1)])
    killed(journal)
    other = SendJournal(tmp_path, KEYS)
    assert len(heir.left_behind()) == 1
    assert other.left_behind() == [], "the first one writes it down just now"
    heir.taken_over()
    assert other.left_behind() == []
    assert files(tmp_path) == []


def test_what_could_not_be_written_down_is_told_again(journal: SendJournal, heir: SendJournal) -> None:
    journal.claimed([parcel(1)])
    killed(journal)
    assert heir.left_behind() == heir.left_behind() == [not_begun(1, 1)]


def test_neither_texts_nor_addresses_stand_in_it(journal: SendJournal, heir: SendJournal, tmp_path: Path) -> None:
    journal.claimed([parcel(1)])
    journal.begun(parcel(1))
    journal.ended(sent(1))
    (file,) = files(tmp_path)
    content = file.read_text()
    assert TEXT not in content
    assert CHAT.path not in content
    killed(journal)
    (left,) = heir.left_behind()
    assert left.provider_id == KEYS.unnamed(CHAT, f"m:{CHAT.path}:1"), "a receipt finds its message by it"


def test_after_a_power_cut_it_is_not_believed(
    journal: SendJournal, heir: SendJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last lines may never have come to the disk: what it does not call begun may have left."""
    journal.claimed([parcel(1)])
    killed(journal)
    started_again = tmp_path / "boot_id"
    started_again.write_text("f3a1c0de-0000-4000-8000-000000000000\n")
    monkeypatch.setattr(send_journal, "BOOT_ID", started_again)
    after = SendJournal(tmp_path, KEYS)
    assert after.left_behind() == []
    after.taken_over()
    assert files(tmp_path) == []


def test_a_line_cut_off_in_the_middle_is_no_line(journal: SendJournal, heir: SendJournal, tmp_path: Path) -> None:
    journal.claimed([parcel(1)])
    journal.claimed([parcel(2)])
    killed(journal)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-5])
    assert heir.left_behind() == [not_begun(1, 1)]


def test_it_may_fail_on_the_loop_while_the_thread_settles(
    journal: SendJournal, heir: SendJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop gives up one file after the other, and looks through all that is claimed for it, which the thread changes."""
    many, lost = range(1000, 6000), range(100)
    journal.claimed([parcel(number) for number in many])
    monkeypatch.setattr(send_journal, "FULL_BYTES", 0)
    for number in lost:
        journal.claimed([parcel(number)])
        broken = journal._file_of[number]
        broken.stream.close()
        broken.stream = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the journal closes it
    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as thread:
            settled = thread.submit(lambda: [journal.settled([sent(number)]) for number in many])
            for number in lost:
                journal.begun(parcel(number))
            settled.result()
    finally:
        sys.setswitchinterval(often)
    killed(journal)
    assert heir.left_behind() == [], "what was settled is settled, and the rest stands in doubt"


def test_a_full_disk_costs_the_journal_and_not_the_message(
    journal: SendJournal, heir: SendJournal, tmp_path: Path
) -> None:
    journal.claimed([parcel(1)])
    (kept,) = journal._file_of.values()
    kept.stream.close()
    kept.stream = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the journal closes it
    journal.begun(parcel(1))
    assert files(tmp_path) == [], "without `begun` it would be sent twice"
    journal.ended(sent(1))
    journal.claimed([parcel(2)])
    killed(journal)
    assert heir.left_behind() == [not_begun(2, 1)]


def test_it_does_not_grow_for_ever(journal: SendJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when something is always under way: then there are two files for a while."""
    monkeypatch.setattr(send_journal, "FULL_BYTES", 300)
    for number in range(1, 200):
        journal.claimed([parcel(number)])
        if number > 1:
            journal.begun(parcel(number - 1))
            journal.ended(sent(number - 1))
            journal.settled([sent(number - 1)])
        assert len(files(tmp_path)) <= 2
        assert sum(file.stat().st_size for file in files(tmp_path)) < 1200


def test_a_process_that_ends_in_order_leaves_nothing(journal: SendJournal, tmp_path: Path) -> None:
    journal.claimed([parcel(1)])
    journal.settled([not_begun(1, 1)])
    journal.close()
    assert files(tmp_path) == []


def test_what_is_not_settled_at_the_end_is_left_for_the_next(journal: SendJournal, heir: SendJournal) -> None:
    journal.claimed([parcel(1)])
    journal.close()
    assert heir.left_behind() == [not_begun(1, 1)]


def test_where_the_folder_cannot_be_written_to_messages_leave_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("not a folder")
    journal = SendJournal(tmp_path / "spool", KEYS)
    journal.claimed([parcel(1)])
    journal.begun(parcel(1))
    journal.ended(sent(1))
    journal.settled([sent(1)])
    journal.close()
    assert [each.name for each in tmp_path.iterdir()] == ["spool"]
