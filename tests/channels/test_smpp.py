"""SMPP beyond the wire: what PDUs and statuses mean, how numbers of messages are compared, how fast parts leave."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import (
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    TemporaryFailure,
)
from channels.messages import (
    Address,
    Answer,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    SessionEvent,
    TextPart,
    short_reference,
)
from channels.sms.smpp import pdu, reading, receipts, ussd, writing
from channels.sms.smpp.adapter import Smpp
from channels.sms.smpp.outcomes import refusal
from channels.sms.smpp.pace import Pace
from channels.sms.smpp.pdu import Bind, Command, Party, Pdu, ShortMessage, Status, Tag
from channels.sms.smpp.sending import Sending
from channels.sms.smpp.settings import SmppSettings
from config.settings import Secret

PAYLOADS = Path(__file__).parent / "payloads" / "smpp"
PDUS: list[dict[str, Any]] = json.loads((PAYLOADS / "pdus.json").read_text(encoding="utf-8"))["pdus"]
ROWS: list[dict[str, Any]] = json.loads((PAYLOADS / "outcomes.json").read_text(encoding="utf-8"))["rows"]
SITI = Party("6281200000001", 1, 1)
OURS = Party("1708", 0, 1)
LONG = "Lampu jalan mati. " * 20


def settings(**changes: Any) -> SmppSettings:
    return SmppSettings(**({"number": "1708", "host": "h", "system_id": "s", "password": Secret("p")} | changes))


def read(message: ShortMessage, **changes: Any) -> Any:
    octets = pdu.write(Pdu(Command.DELIVER_SM, 1, 0, pdu.write_message(message)))
    return reading.read(reading.as_request(octets, "k"), settings(**changes))


def vector(name: str) -> Any:
    octets = bytes.fromhex(next(one["hex"] for one in PDUS if one["name"] == name))
    return reading.read(reading.as_request(octets, "k"), settings())


# fmt: off
VECTORS = [
    ("deliver_sm_mo",           "+6281200000001", "Jalan rusak @ RT 04 [parah]", None),
    ("deliver_sm_mo_udh_part1", "+6281200000002", "Ini bagian satu, ",           TextPart(42, 2, 1)),
    ("deliver_sm_mo_udh_part2", "+6281200000002", "bagian dua.",                 TextPart(42, 2, 2)),
    ("deliver_sm_mo_sar_ucs2",  "+6281200000001", "Air keruh 🙏",                 None),
]
# fmt: on


@pytest.mark.parametrize(("name", "sender", "text", "part"), VECTORS, ids=[row[0] for row in VECTORS])
def test_a_vector_means_what_is_written_beside_it(name: str, sender: str, text: str, part: TextPart | None) -> None:
    message = vector(name)
    assert (message.sender.path, message.destination, message.text, message.part) == (sender, "1708", text, part)
    assert message.external_id == "mo:k"


def test_a_step_of_ussd_is_kept_and_is_no_complaint() -> None:
    assert vector("deliver_sm_ussd_begin").kind is MessageKind.SERVICE
    assert (
        read(ShortMessage(SITI, OURS, b"*123#", parameters=((Tag.USSD_SERVICE_OP, b"\1"),))).kind is MessageKind.SERVICE
    )


def step(operation: int, info: bytes, text: bytes = b"1") -> ShortMessage:
    told = ((Tag.USSD_SERVICE_OP, bytes((operation,))), (Tag.ITS_SESSION_INFO, info))
    return ShortMessage(SITI, Party("*708#"), text, parameters=told, service_type="USSD")


def led(message: ShortMessage) -> Any:
    """What a step says where USSD is answered, in the session `s`."""
    octets = pdu.write(Pdu(Command.DELIVER_SM, 1, 0, pdu.write_message(message)))
    return reading.read(reading.as_request(octets, "k", "s"), settings(ussd_code="*708#"))


# fmt: off
STEPS = [
    # operation, its_session_info, begins, is over, what was typed
    (0x01, b"\7\0", True,  False, ""),
    (0x00, b"\7\0", True,  False, ""),
    (0x12, b"\7\2", False, False, "1"),
    (0x02, b"\7\2", False, False, "1"),
    (0x11, b"\7\2", False, True,  "1"),
    (0x12, b"\7\3", False, True,  "1"),
]
# fmt: on


@pytest.mark.parametrize(("operation", "info", "begins", "ended", "typed"), STEPS)
def test_a_step_of_a_session_says_what_was_typed_and_whether_it_goes_on(
    operation: int, info: bytes, begins: bool, ended: bool, typed: str
) -> None:
    message = led(step(operation, info))
    assert (message.kind, message.external_id, message.sender.path) == (
        MessageKind.USSD_STEP,
        "mo:k",
        f"+{SITI.number}",
    )
    assert message.session == SessionEvent("s", typed, whole_history=False, begins=begins, ended=ended)


@pytest.mark.parametrize(("answer", "operation", "info"), [
    (Answer("1. Lapor", ends=False), 0x02, b"\7\2"),
    (Answer("Terima kasih 🙏", ends=True), 0x11, b"\7\3"),
])  # fmt: skip
def test_a_page_goes_back_to_where_its_step_came_from(answer: Answer, operation: int, info: bytes) -> None:
    body = pdu.read_message(ussd.page(step(0x12, b"\7\2"), answer, settings(ussd_code="*708#")))
    assert (body.source.number, body.destination.number, body.service_type) == ("*708#", SITI.number, "USSD")
    assert (body.number(Tag.USSD_SERVICE_OP), body.parameter(Tag.ITS_SESSION_INFO)) == (operation, info)
    assert (body.octets.decode("utf-16-be" if body.coding else "ascii"), body.registered) == (answer.text, 0)


def test_the_operators_own_parameter_names_a_session_too() -> None:
    own = settings(ussd_code="*123#", ussd_session_tag=0x1401)
    one = reading.message_of(bytes.fromhex(next(one["hex"] for one in PDUS if one["name"] == "deliver_sm_ussd_begin")))
    assert ussd.begins(one)
    assert ussd.place(one, own) == ("6281200000001", b"SES0001\0")
    assert pdu.read_message(ussd.page(one, Answer("Menu", ends=False), own)).parameter(0x1401) == b"SES0001\0"
    with pytest.raises(ValueError, match="ussd_session_tag"):
        settings(ussd_session_tag=0x0204)


def test_c24_no_print_of_the_channel_shows_its_password() -> None:
    given = settings(password=Secret("uji-smpp"))
    adapter = Smpp(given)
    assert "uji-smpp" not in f"{given!r} {adapter!r} {Bind('s', 'uji-smpp')!r}"


def test_a_payload_is_one_message_and_a_receipt_is_none() -> None:
    assert vector("deliver_sm_payload_tlv").text == ("Pesan panjang lewat message_payload. " * 8)
    receipt = vector("deliver_sm_receipt")
    assert receipt == DeliveryReport(
        "A1B2C3D", DeliveryStatus.DELIVERED, by_provider_id=True, others=("169552957",), tail=""
    )


# fmt: off
RECEIPTS = [
    # esm_class, text, what it says
    (0x04, "id:0A1B2C3D sub:001 dlvrd:001 stat:DELIVRD err:000 text:",  DeliveryStatus.DELIVERED, ""),
    (0x04, "STAT:undeliv ERR:001 ID:0a1b2c3d",                          DeliveryStatus.FAILED,    "undelivered"),
    (0x04, "id: 0A1B2C3D stat: EXPIRED",                                DeliveryStatus.FAILED,    "expired"),
    (0x04, "id:0A1B2C3D stat:ACCEPTD",                                  DeliveryStatus.SENT,      ""),
    (0x04, "id:0A1B2C3D stat:REJECTD",                                  DeliveryStatus.FAILED,    "rejected"),
    (0x04, "id:0A1B2C3D stat:LAINNYA",                                  None,                     "unknown_code"),
    (0x04, "id:0A1B2C3D",                                               None,                     "unknown_code"),
    (0x20, "id:0A1B2C3D stat:UNDELIV",                                  None,                     "undelivered"),
    (0x20, "id:0A1B2C3D stat:ENROUTE",                                  DeliveryStatus.SENT,      ""),
    (0x44, "id:0A1B2C3D stat:DELIVRD",                                  DeliveryStatus.DELIVERED, ""),
]
# fmt: on


@pytest.mark.parametrize("coding", [0, 8])
@pytest.mark.parametrize(("esm_class", "text", "status", "reason"), RECEIPTS)
def test_the_text_of_a_receipt_is_read_in_any_case_order_and_alphabet(
    coding: int, esm_class: int, text: str, status: DeliveryStatus | None, reason: str
) -> None:
    octets = text.encode("utf-16-be" if coding else "ascii")
    report = read(ShortMessage(SITI, OURS, octets, coding, esm_class))
    assert (report.message_id, report.status, report.reason) == ("A1B2C3D", status, reason)
    assert report.others == ("169552957",)


def test_f50_spellings_of_one_number_meet() -> None:
    assert receipts.spellings("0A1B2C3D") == ("A1B2C3D", "169552957")
    assert receipts.spellings("169552957") == ("169552957", "6062156119", "A1B2C3D")
    assert receipts.spellings("169552957", "decimal") == ("169552957", "A1B2C3D")
    assert receipts.spellings("0A1B2C3D", "same") == ("A1B2C3D",)
    assert receipts.spellings("000") == ("0",)
    assert receipts.spellings("pesan-1") == ("PESAN-1",)
    assert receipts.spellings("f" * 32) == ("F" * 32,)
    long_one = read(ShortMessage(SITI, OURS, b"id:628120A1B2C3D4 stat:DELIVRD", 0, 0x04))
    assert long_one.tail == "A1B2C3D4"


def test_f51_only_its_class_or_parameter_makes_a_receipt() -> None:
    text = b"id:1 sub:001 dlvrd:001 stat:DELIVRD"
    assert isinstance(read(ShortMessage(SITI, OURS, text)), InboundMessage)
    named = ((Tag.RECEIPTED_MESSAGE_ID, b"1\0"), (Tag.MESSAGE_STATE, b"\2"))
    assert read(ShortMessage(SITI, OURS, text, parameters=named)).status is DeliveryStatus.DELIVERED


ODD = [
    (ShortMessage(SITI, OURS, b"\x05\x00\x03\x2a\x00\x01Halo", esm_class=0x40), {"bad_udh"}, "Halo", None),
    (ShortMessage(SITI, OURS, b"\xf0Halo", esm_class=0x40), {"bad_udh"}, "?", None),
    (ShortMessage(SITI, OURS, b"\x05\x00\x03\x2a\x01\x01Halo", esm_class=0x40), set[str](), "Halo", None),
    (ShortMessage(SITI, OURS, b"\x06\x08\x04\x01\x02\x02\x01Halo", esm_class=0x40), set(), "Halo", TextPart(258, 2, 1, 16)),
    (ShortMessage(SITI, OURS, b"\x09\x24\x01\x05\x08\x04\x01\x02\x02\x01Halo", esm_class=0x40), set(), "Halo", TextPart(258, 2, 1, 16)),
    (ShortMessage(SITI, OURS, b"Halo", parameters=((Tag.SAR_REFERENCE, b"\1\2"), (Tag.SAR_TOTAL, b"\2"))), set(), "Halo", None),
    (ShortMessage(SITI, OURS, b"caf\xe9", 3), set(), "café", None),
    (ShortMessage(SITI, OURS, b""), set(), "", None),
]  # fmt: skip


@pytest.mark.parametrize(("message", "flags", "text", "part"), ODD)
def test_f57_whatever_a_header_says_the_words_are_kept(
    message: ShortMessage, flags: set[str], text: str, part: TextPart | None
) -> None:
    event = read(message)
    assert (event.flags, event.part) == (frozenset(flags), part)
    assert event.text == text or (text == "?" and "Halo" in event.text)


def test_a_sender_with_a_name_is_kept_and_cannot_be_answered() -> None:
    for number in ("INFO-CONTOH", "170845"):
        event = read(ShortMessage(Party(number, 5, 0), OURS, b"Promo"))
        assert event.reply_possible is False
    assert read(ShortMessage(Party("60123456789", 1, 1), OURS, b"Halo")).sender == Address("tel", "+60123456789")
    assert read(ShortMessage(SITI, OURS, b"ok", esm_class=0x08)).kind is MessageKind.SERVICE


UNREADABLE = [
    ShortMessage(SITI, OURS, b"\x00", 8),
    ShortMessage(SITI, OURS, b"\x01\x02", 4),
    ShortMessage(SITI, OURS, b"stat:DELIVRD", esm_class=0x04),
]


@pytest.mark.parametrize("message", UNREADABLE)
def test_what_cannot_be_read_goes_to_quarantine_without_the_words(message: ShortMessage) -> None:
    with pytest.raises(PayloadInvalid) as refusal_:
        read(message)
    assert SITI.number not in str(refusal_.value)
    assert read(UNREADABLE[1], dcs8_charset="latin-1").text == ""


@given(body=st.binary(max_size=300), command=st.sampled_from([5, 4]))
def test_c17_no_body_breaks_the_adapter(body: bytes, command: int) -> None:
    request = reading.as_request(pdu.write(Pdu(command, 1, 0, body)), "k")
    with suppress(PayloadInvalid):
        reading.read(request, settings())


@given(octets=st.binary(max_size=80))
def test_c17_no_late_answer_breaks_the_adapter(octets: bytes) -> None:
    for one in (octets, pdu.write(Pdu(Command.SUBMIT_SM | pdu.ANSWER, 1, 0, octets))):
        with suppress(PayloadInvalid):
            reading.read(reading.as_answer("ob_1", one), settings())


@given(
    octets=st.binary(max_size=160), coding=st.integers(0, 255), esm_class=st.integers(0, 255), number=st.text(st.characters(max_codepoint=255, min_codepoint=1), max_size=20),
    parameters=st.lists(st.tuples(st.sampled_from(list(Tag)), st.binary(max_size=20)), max_size=4).map(tuple),
)  # fmt: skip
def test_c17_no_fields_break_the_adapter(
    octets: bytes, coding: int, esm_class: int, number: str, parameters: pdu.Parameters
) -> None:
    with suppress(PayloadInvalid):
        read(ShortMessage(Party(number), OURS, octets, coding, esm_class, parameters=parameters))


OUTCOMES: dict[str, type[SendError]] = {
    "throttled": ProviderBusy,
    "temporary": TemporaryFailure,
    "permanent": SendRefused,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_status_has_the_outcome_of_its_row(row: dict[str, Any]) -> None:
    outcome = refusal(int(row["when"]["command_status"], 16), 1.0, {})
    assert isinstance(outcome, OUTCOMES[row["outcome"]])
    assert outcome.counts_as_attempt is row["counts_as_attempt"]
    assert outcome.reason == row.get("reason", outcome.reason)
    assert getattr(outcome, "retry_after", None) == row.get("after_s")
    assert getattr(outcome, "whole_channel", False) is (row.get("scope") == "channel")


def test_the_operators_own_codes_mean_what_the_settings_say() -> None:
    vendor = settings(
        code_map={"0x401": "permanent", "0x402": "busy", "1027": "stopped", "0x404": "temporary"}
    ).vendor_codes()
    found = [type(refusal(status, 1.0, vendor)) for status in (0x401, 0x402, 0x403, 0x404, 0x405)]
    assert found == [SendRefused, ProviderBusy, ChannelStopped, TemporaryFailure, TemporaryFailure]


WRONG: list[dict[str, Any]] = [
    {"system_id": "s" * 16},
    {"password": Secret("p" * 9)},
    {"system_type": "é"},
    {"host": ""},
    {"dcs8_charset": "klingon"},
    {"code_map": {"0x58": "busy"}},
    {"code_map": {"throttled": "busy"}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: next(iter(wrong)))
def test_a_setting_that_smpp_cannot_carry_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        settings(**wrong)


def written(text: str, address: Address = Address("tel", "+6281200000001"), **changes: Any) -> list[ShortMessage]:  # noqa: B008
    bodies = writing.bodies(OutboundMessage("ob_1", address, text), settings(**changes), 258)
    return [pdu.read_message(body) for body in bodies]


def test_a_short_text_leaves_as_the_vector() -> None:
    expected = pdu.read_message(
        pdu.read(bytes.fromhex(next(one["hex"] for one in PDUS if one["name"] == "submit_sm"))).body
    )
    told = {"validity": "", "message_reference": False}
    assert written("Laporan Anda diterima. Nomor KB-2026-000123.", **told) == [expected]
    [numbered] = written("Halo")
    assert numbered.number(Tag.USER_MESSAGE_REFERENCE) == short_reference("ob_1")
    assert all(part.number(Tag.USER_MESSAGE_REFERENCE) is None for part in written("a" * 200, long_mode="udh16"))


# fmt: off
MODES = [
    ("udh8",    LONG,       3, 0x40, b"\x05\x00\x03\x02"),
    ("udh16",   LONG,       3, 0x40, b"\x06\x08\x04\x01\x02"),
    ("sar",     LONG,       3, 0x00, b"Lampu"),
    ("payload", LONG,       1, 0x00, b""),
    ("payload", "Halo",     1, 0x00, b"Halo"),
    ("udh8",    "🙏" * 36,  2, 0x40, b"\x05\x00\x03\x02"),
]
# fmt: on


@pytest.mark.parametrize(("mode", "text", "parts", "esm_class", "start"), MODES)
def test_a_long_text_leaves_in_its_mode(mode: str, text: str, parts: int, esm_class: int, start: bytes) -> None:
    reference = 2 if mode == "udh8" else 258
    bodies = writing.bodies(OutboundMessage("ob_1", Address("tel", "+6281"), text), settings(long_mode=mode), reference)
    messages = [pdu.read_message(body) for body in bodies]
    assert [message.esm_class for message in messages] == [esm_class] * parts
    assert all(message.octets.startswith(start) for message in messages[:1])
    assert all(len(message.octets) <= 160 for message in messages)


# fmt: off
SOURCES = [
    ({"number": "1708"},                                  Party("1708", 3, 0)),
    ({"number": "+6281100000000"},                        Party("6281100000000", 1, 1)),
    ({"number": "PEMKAB"},                                Party("PEMKAB", 5, 0)),
    ({"number": "1708", "source_ton": 0, "source_npi": 1}, Party("1708", 0, 1)),
]
ALPHABETS = [
    ("gsm0338", "5 €@", 0, b"5 \x1b\x65\x00"),
    ("latin1",  "5@é",  0, b"5@\xe9"),
    ("latin1",  "5 €",  8, b"\x005\x00 \x20\xac"),
    ("ascii",   "é",    8, b"\x00\xe9"),
]
# fmt: on


@pytest.mark.parametrize(("changes", "party"), SOURCES)
def test_our_number_has_its_type_and_plan(changes: dict[str, Any], party: Party) -> None:
    [message] = written("Halo", **changes)
    assert message.source == party


@pytest.mark.parametrize(("alphabet", "text", "coding", "octets"), ALPHABETS)
def test_a_text_leaves_in_the_operators_alphabet(alphabet: str, text: str, coding: int, octets: bytes) -> None:
    [message] = written(text, smsc_default_alphabet=alphabet)
    assert (message.coding, message.octets) == (coding, octets)


@pytest.mark.parametrize(
    ("text", "address", "error"),
    [("", "tel:+62812", SendRefused), ("a" * 1531, "tel:+62812", SendRefused), ("a", "tg:7", RecipientRefused)],
)
def test_what_no_sms_can_carry_is_refused_before_anything_leaves(
    text: str, address: str, error: type[SendError]
) -> None:
    with pytest.raises(error):
        written(text, Address.read(address))


class Watch:
    """Virtual seconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    async def pause(self, seconds: float) -> None:
        self.at += seconds


class Operator:
    """Takes every part, and gives it this number."""

    def __init__(self, number: bytes) -> None:
        self.number = number

    async def submit(self, body: bytes, wait_s: float, late: object) -> Pdu:
        return Pdu(Command.SUBMIT_SM, 1, Status.OK, self.number + b"\0")


@pytest.mark.parametrize(("given", "kept"), [(b"0A1B", "A1B"), (b"0", "0"), (b"", ""), (b" ", "")])
async def test_a_part_without_a_number_shares_none_with_others(given: bytes, kept: str) -> None:
    watch = Watch()
    sending = Sending(settings(), Pace(10, watch.now, watch.pause), watch.now)
    session: Any = Operator(given)
    receipt = await sending.send(OutboundMessage("ob_1", Address("tel", "+6281100000001"), "Halo"), session, print)
    assert receipt.provider_id == kept


async def test_f42_after_a_throttle_the_bind_pauses_longer_each_time_and_goes_on_at_half_the_rate() -> None:
    watch = Watch()
    pace = Pace(10, watch.now, watch.pause)
    pauses = []
    for _ in range(7):
        await pace.turn(60)
        pauses.append(pace.too_fast())
        assert pace.too_fast() == pauses[-1]  # what was on its way already
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    with pytest.raises(ProviderBusy) as busy:
        await pace.turn(10)
    assert busy.value.retry_after == pytest.approx(30)
    await pace.turn(60)
    pace.taken()
    moments = []
    for _ in range(3):
        await pace.turn(60)
        moments.append(round(watch.at, 3))
    assert moments[2] - moments[1] == pytest.approx(0.2)
    watch.at += 120
    for _ in range(3):
        await pace.turn(60)
        moments.append(watch.at)
    assert moments[5] - moments[4] == pytest.approx(0.1)
    assert pace.too_fast() == 1
