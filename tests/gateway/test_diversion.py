"""What waits on one channel is given to another on both databases: the lane goes with it, so the order of an address holds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.messages import Address, Button
from gateway.complaints.complaint import SYSTEM
from gateway.office import Office
from gateway.outbound import channel_states, diversion, outbound
from gateway.outbound.outbound import Buttons, Said, lane_of
from gateway.people import contacts, dialogues, windows
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.conftest import Moment
from tests.queries import filling


def test_the_lane_of_an_address_moves_as_a_whole(store: Store, office: Office) -> None:
    second = replace(office.channels["sms"], name="sms-kedua")
    store = Store(store.engine, replace(office, channels={**office.channels, "sms-kedua": second}))
    with store.transaction() as tx:
        addresses = [Address("tel", "+6281200000001"), Address("tel", "+6281200000002")]
        people = contacts.ensure(tx, addresses)
        for address in (*addresses, *addresses):
            outbound.say(tx, people[address], "sms", [("Halo.", ())], Said("st.assigned", sent_from="1708"))
    with store.transaction() as tx:
        assert diversion.look(tx, "sms", "sms-kedua") == diversion.Look(4, 4)
        assert diversion.divert(tx, "sms", "sms-kedua", "Modem mati", SYSTEM).moving == 4
    moved = short_ways.rows(store, tables.outbox)
    assert {row.lane for row in moved} == {lane_of("sms-kedua", people[address].id) for address in addresses}
    assert {(row.channel, row.sent_from) for row in moved} == {("sms-kedua", "")}
    with store.transaction() as tx:
        assert [parcel.id for parcel in outbound.claim(tx, 10, 60.0)] == [row.id for row in moved[:2]]


BUTTONS: Buttons = ((Button("Ya", "ya"),),)


def test_a_chat_by_telephone_number_goes_on_by_sms_and_what_sms_cannot_carry_stays(
    store: Store, office: Office
) -> None:
    chat, sms = office.channels["tg"], replace(office.channels["sms"], price=350.0)
    wide = replace(chat.capabilities, window_s=86400.0, buttons=True)
    wa = replace(chat, name="wa", kind="whatsapp", capabilities=wide)
    store = Store(store.engine, replace(office, channels={**office.channels, "sms": sms, "wa": wa}))
    people = {}

    def say(last: str, words: str, buttons: Buttons = (), scheme: str = "tel", **about: object) -> int:
        with store.transaction() as tx:
            address = Address(scheme, f"+62812000000{last}")
            people[last] = contacts.ensure(tx, [address])[address]
            said = Said("st.assigned", sent_from="1708", **about)  # type: ignore[arg-type]
            return outbound.say(tx, people[last], "wa", [(words, buttons)], said)[0]

    with store.transaction() as tx:
        anonymous = filling.complaint(tx, 1, anonymous=True)
    going = [say("1", "Halo \u201cwarga\u201d " + "x" * 160), say("1", "kedua"), say("2", "Lagi")]
    say("3", "Sudah beres?", BUTTONS)
    say("3", "sesudahnya")
    say("4", "x" * 2000)
    say("5", "anonim", complaint_id=anonymous)
    say("6", "berhenti")
    say("7", "tanpa nomor", scheme="wa")
    with store.transaction() as tx:
        dialogues.opt(tx, "sms", people["6"], True)
        tx.flush()
        seen = diversion.look(tx, "wa", "sms")
    stays = {"anonymous": 1, "no_address": 1, "opted_out": 1, "buttons": 1, "too_long": 1, "behind": 1}
    assert (seen.moving, seen.parts, seen.rupiah, seen.stays) == (3, 4, 1400.0, stays)
    with store.transaction() as tx:
        assert diversion.divert(tx, "wa", "sms", "Meta mati", SYSTEM) == seen
        assert diversion.look(tx, "wa", "sms").moving == 0
    moved = short_ways.rows(store, tables.outbox, tables.outbox.c.channel == "sms")
    assert ([row.id for row in moved], [row.parts for row in moved]) == (going, [2, 1, 1])
    with store.transaction() as tx:
        first, other = outbound.claim(tx, 10, 60.0, ["sms"])
    assert (first.id, other.id) == (going[0], going[2])
    assert first.message.text.startswith('Halo "warga" x')
    with store.transaction() as tx:  # back again: only to whom may be written there now
        tx.execute(tables.outbox.update().where(tables.outbox.c.id.in_(going)).values(state="queued"))
        windows.hear(
            tx,
            [
                ("wa", people["1"].id, tx.now - timedelta(hours=23)),
                ("wa", people["2"].id, tx.now - timedelta(hours=23, minutes=55)),
            ],
        )
        tx.flush()
        back = diversion.look(tx, "sms", "wa")
    assert (back.moving, back.rupiah, back.stays) == (2, 0.0, {"window": 1})


def test_a_question_that_names_the_words_to_answer_with_moves_without_its_buttons(
    store: Store, office: Office, moment: Moment
) -> None:
    wide = replace(office.channels["tg"].capabilities, buttons=True)
    wa = replace(office.channels["tg"], name="wa", kind="whatsapp", capabilities=wide)
    store = Store(store.engine, replace(office, channels={**office.channels, "wa": wa}))
    to = short_ways.contact(store, "+6281200000001", "tel")
    link: Buttons = (*BUTTONS, (Button("Foto", url="https://aduan.example/lacak/1"),))
    with store.transaction() as tx:
        ids = outbound.say(tx, to, "wa", [("Sudah beres? Balas YA atau BELUM.", link)], Said("st.answer"))
        channel_states.pause(tx, "wa", "Meta mati", SYSTEM)
    moment.pass_(days=4)
    with store.transaction() as tx:
        assert diversion.divert(tx, "wa", "sms", "Meta mati", SYSTEM).moving == 1
    store.run(outbound.sweep)
    with store.transaction() as tx:
        [parcel] = outbound.claim(tx, 10, 60.0, ["sms"])
    assert ([parcel.id], parcel.message.buttons) == (ids, ())
    assert parcel.message.text == "Sudah beres? Balas YA atau BELUM.\nFoto: https://aduan.example/lacak/1"


def test_what_follows_a_confidential_message_does_not_overtake_it(store: Store, office: Office) -> None:
    second = replace(office.channels["sms"], name="sms-kedua")
    store = Store(store.engine, replace(office, channels={**office.channels, "sms-kedua": second}))
    to = short_ways.contact(store, "+6281200000001", "tel")
    with store.transaction() as tx:
        secret = filling.complaint(tx, 2, confidential=True)
        for about in (None, secret, None):
            outbound.say(tx, to, "sms", [("Halo.", ())], Said("st.assigned", about))
        seen = diversion.look(tx, "sms", "sms-kedua")
    assert (seen.moving, seen.stays) == (1, {"confidential": 1, "behind": 1})


def test_what_stays_in_front_does_not_hide_what_can_move(
    store: Store, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diversion, "PAGE", 2)
    monkeypatch.setattr(diversion, "MOST", 2)
    second = replace(office.channels["sms"], name="sms-kedua")
    store = Store(store.engine, replace(office, channels={**office.channels, "sms-kedua": second}))
    people = [short_ways.contact(store, f"+62812000000{last:02}", "tel") for last in range(9)]
    with store.transaction() as tx:
        for one in people:
            outbound.say(tx, one, "sms", [("Halo.", ())], Said("st.assigned"))
        for one in people[:4]:
            dialogues.opt(tx, "sms-kedua", one, True)
        tx.flush()
        seen = diversion.look(tx, "sms", "sms-kedua")
    assert (seen.moving, seen.stays) == (2, {"opted_out": 4, "more": 3})
