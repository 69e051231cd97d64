"""What an action asks for, and what it refuses before anything is written."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from config.reference import Reference
from gateway.complaints.calendar import Calendar
from gateway.complaints.complaint import Action, ActionRefused, Case, Kind, Role, Status
from gateway.complaints.inputs import (
    KNOWN,
    LENGTHS,
    LENGTHS_OF,
    check_inputs,
    check_limits,
    limits_of,
    read_date,
    says_nothing,
)
from gateway.complaints.lifecycle import LIFECYCLE, Step, step_for

TABLE = Reference.load().holidays
WIB = Calendar.of(TABLE.holidays, "Asia/Jakarta", "62.01", TABLE.years)
TODAY = date(2026, 11, 23)
GOOD_ANSWER = "Dua lampu di Gang Melati diganti 25 November pukul 13.00 dan sudah menyala."


def step(action: Action) -> Step:
    return next(one for one in LIFECYCLE if one.action is action)


def refusal(action: Action, inputs: dict[str, str]) -> tuple[str, str]:
    try:
        check_inputs(step(action), inputs, today=TODAY, calendar=WIB)
    except ActionRefused as refused:
        return refused.code, refused.field
    return "", ""


# fmt: off
INPUTS = [
    # action                   inputs                                                              refused with     about
    (Action.ASSIGN,            {"agency": "PUPR"},                                                 "",              ""),
    (Action.ASSIGN,            {},                                                                 "missing_input", "agency"),
    (Action.ASSIGN,            {"agency": "  "},                                                   "missing_input", "agency"),
    (Action.VERIFY,            {"kind": "pengaduan", "topic": "sosial"},                           "",              ""),
    (Action.VERIFY,            {"kind": "bukan_laporan", "topic": "sosial"},                       "unknown_value", "kind"),
    (Action.ASK_MORE,          {"question": "Di mana?"},                                           "too_short",     "question"),
    (Action.ASK_MORE,          {"question": "Di mana      ?"},                                     "too_short",     "question"),   # spaces are no words
    (Action.ASK_MORE,          {"question": "Di kelurahan mana kejadiannya?"},                     "",              ""),
    (Action.ASK_REPORTER,      {"question": "x" * 301},                                            "too_long",      "question"),
    (Action.REASSIGN,          {"agency": "DLH", "reason": "salah"},                               "too_short",     "reason"),
    (Action.REASSIGN,          {"agency": "DLH", "reason": "bukan milik PUPR"},                    "",              ""),
    (Action.REOPEN,            {"reason": "belum"},                                                "",              ""),
    (Action.DISPUTE_AUTHORITY, {"reason": "Jalan itu berstatus jalan provinsi."},                  "missing_input", "agency"),
    (Action.DISPUTE_AUTHORITY, {"reason": "Jalan itu berstatus jalan provinsi.", "agency": "X"},   "",              ""),
    (Action.DISPUTE_AUTHORITY, {"reason": "Jalan itu berstatus jalan provinsi.", "institution": "PUPR-PROV"}, "",   ""),
    (Action.REFER_OUT,         {"institution": "PLN", "reason": "bukan kami"},                     "too_short",     "reason"),
    (Action.REPORT_PROGRESS,   {"note": "sedang jalan"},                                           "too_short",     "note"),
    (Action.NOTE,              {"note": "ok"},                                                     "",              ""),
    (Action.ARCHIVE,           {"archive_reason": "bosan", "reason": "Iklan pinjaman, bukan laporan."}, "unknown_value", "archive_reason"),
    (Action.ARCHIVE,           {"archive_reason": "spam_terbukti", "reason": "Iklan pinjaman, bukan laporan."}, "", ""),
    (Action.HOLD,              {"hold": "none"},                                                   "unknown_value", "hold"),
    (Action.RATE,              {"rating": "6"},                                                    "unknown_value", "rating"),
    (Action.RATE,              {"rating": "4", "comment": "cepat"},                                "",              ""),
    (Action.REQUEST_TIME,      {"date": "2026-12-04", "reason": "Menunggu kiriman suku cadang."},  "",              ""),
    (Action.REQUEST_TIME,      {"date": "4-12-2026", "reason": "Menunggu kiriman suku cadang."},   "",              ""),
    (Action.REQUEST_TIME,      {"date": "2026-12-11", "reason": "Menunggu kiriman suku cadang."},  "",              ""),           # the 14th working day
    (Action.REQUEST_TIME,      {"date": "2026-12-12", "reason": "Menunggu kiriman suku cadang."},  "too_late",      "date"),
    (Action.REQUEST_TIME,      {"date": "2026-11-23", "reason": "Menunggu kiriman suku cadang."},  "too_early",     "date"),
    (Action.REQUEST_TIME,      {"date": "besok", "reason": "Menunggu kiriman suku cadang."},       "unknown_value", "date"),
    (Action.ANSWER,            {"explanation": GOOD_ANSWER},                                       "missing_input", "evidence"),
    (Action.ANSWER,            {"explanation": GOOD_ANSWER, "evidence": "a1"},                     "",              ""),
    (Action.ANSWER,            {"explanation": GOOD_ANSWER, "no_evidence_reason": "foto menyusul"}, "",             ""),
    (Action.ANSWER,            {"explanation": "sudah diganti", "evidence": "a1"},                 "too_short",     "explanation"),
    (Action.ANSWER,            {"explanation": "Sudah ditindaklanjuti.", "evidence": "a1"},        "stock_phrase",  "explanation"),
    (Action.ANSWER,            {"explanation": f"{GOOD_ANSWER} Hub 0812-0000-0001", "evidence": "a1"}, "personal_data", "explanation"),
    (Action.ANSWER,            {"explanation": f"{GOOD_ANSWER} Hub 0812-0000-0001", "evidence": "a1", "no_personal_data": "1"}, "", ""),
]
# fmt: on


@pytest.mark.parametrize(("action", "inputs", "code", "field"), INPUTS)
def test_inputs_are_taken_or_refused_with_the_field(
    action: Action, inputs: dict[str, str], code: str, field: str
) -> None:
    assert refusal(action, inputs) == (code, field)


# fmt: off
ANSWERS = [
    ("Sudah ditindaklanjuti, terima kasih.",                                True),
    ("Terima kasih atas laporannya, sudah ditindaklanjuti.",                True),
    ("sudah sudah sudah sudah sudah sudah sudah",                           True),
    ("Telah kami perbaiki kemarin",                                         True),
    ("Sudah ditindaklanjuti: dua lampu diganti 25 November, menyala.",      False),
    ("Pipa bocor di Jl. Anggrek diperbaiki 24 November pukul 09.00.",       False),
]
# fmt: on


@pytest.mark.parametrize(("explanation", "nothing"), ANSWERS)
def test_c28_an_answer_that_fits_every_complaint_is_none(explanation: str, nothing: bool) -> None:
    assert says_nothing(explanation) is nothing


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-04", date(2026, 12, 4)),
        (" 04/12/2026 ", date(2026, 12, 4)),
        ("4.12.2026", date(2026, 12, 4)),
        ("31-02-2026", None),
        ("12-2026", None),
    ],
)
def test_a_day_is_read_as_forms_and_people_write_it(text: str, day: date | None) -> None:
    assert read_date(text) == day


CLOSED_AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
CASE = Case(
    1, "KBR-260001235", 7, Status.RESOLVED, Kind.PENGADUAN, "PUPR", "tg", 1, CLOSED_AT, CLOSED_AT, closed_at=CLOSED_AT
)

# fmt: off
LIMITS = [
    # action           role              days later  reopened before  refused with
    (Action.REOPEN,    Role.REPORTER,    30,         0,               ""),
    (Action.REOPEN,    Role.REPORTER,    31,         0,               "expired"),
    (Action.REOPEN,    Role.REPORTER,    5,          1,               ""),
    (Action.REOPEN,    Role.REPORTER,    5,          2,               "limit"),
    (Action.REOPEN,    Role.COORDINATOR, 400,        9,               ""),
    (Action.RATE,      Role.REPORTER,    30,         2,               ""),
    (Action.RATE,      Role.REPORTER,    31,         0,               "expired"),
    (Action.NOTE,      Role.COORDINATOR, 400,        2,               ""),
]
# fmt: on


@pytest.mark.parametrize(("action", "role", "days", "reopened", "code"), LIMITS)
def test_what_comes_too_late_or_too_often(action: Action, role: Role, days: int, reopened: int, code: str) -> None:
    found = ""
    try:
        rule = step_for(action, Status.RESOLVED, role)
        check_limits(rule, replace(CASE, reopen_count=reopened), CLOSED_AT + timedelta(days=days))
    except ActionRefused as refused:
        found = refused.code
    assert found == code


def test_the_government_may_set_how_long_a_case_can_be_reopened() -> None:
    rule = step_for(Action.REOPEN, Status.RESOLVED, Role.REPORTER)
    check_limits(rule, CASE, CLOSED_AT + timedelta(days=60), reopen_days=60)
    with pytest.raises(ActionRefused, match="expired"):
        check_limits(rule, CASE, CLOSED_AT + timedelta(days=8), reopen_days=7)


def test_an_archived_report_comes_back_by_itself_for_ninety_days() -> None:
    rule = step_for(Action.RESTORE, Status.ARCHIVED, Role.SYSTEM)
    check_limits(rule, CASE, CLOSED_AT + timedelta(days=90))
    with pytest.raises(ActionRefused, match="expired"):
        check_limits(rule, CASE, CLOSED_AT + timedelta(days=91))


def test_forms_can_ask_for_the_limits_of_each_input() -> None:
    assert limits_of(Action.REASSIGN, "reason") == (10, 500)
    assert limits_of(Action.REOPEN, "reason") == LENGTHS["reason"]
    assert limits_of(Action.ASSIGN, "agency") is None
    asked = {(one.action, name) for one in LIFECYCLE for name in (*one.requires, *one.one_of, *one.optional)}
    assert set(LENGTHS_OF) <= asked
    assert set(LENGTHS) | set(KNOWN) <= {name for _, name in asked}
