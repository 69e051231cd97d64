"""How the conversation speaks of where a complaint stands: one line in a chat, a few on a USSD page."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.complaints.complaint import Status
from gateway.conversation.dialogue import KnownCase, Setting
from gateway.conversation.turn import Phrase, Reply, Value
from gateway.conversation.turns import about, reply

MOST_LISTED = 5
# What needs more than the name of the status and its day. The rest reads "Terverifikasi sejak 24 Nov 2026".
LINES: Mapping[Status, str] = {
    Status.RECEIVED: "line.received",
    Status.INCOMPLETE: "line.incomplete",
    Status.ASSIGNED: "line.assigned",
    Status.IN_PROGRESS: "line.in_progress",
    Status.AWAITING_REPORTER: "line.answered",
}
WITH_DEADLINE = frozenset({"line.received", "line.assigned"})
ENDED = frozenset({Status.RESOLVED, Status.OUT_OF_AUTHORITY, Status.ARCHIVED})


def status_reply(case: KnownCase, setting: Setting) -> Reply:
    """One complaint: `KBR-260001284 Didisposisikan ke PDAM sejak …`."""
    return reply("st.line", case.number, kutipan=line(case, setting))


def status_list(cases: Sequence[KnownCase], setting: Setting) -> Reply:
    """Several, as a numbered list; the newest five."""
    lines = (Phrase("st.line", about(case.number) | {"kutipan": line(case, setting, brief=True)}) for case in cases)
    return Reply("st.list", lines=tuple(lines)[:MOST_LISTED])


def line(case: KnownCase, setting: Setting, *, brief: bool = False) -> Phrase:
    """The status with its day; `brief` leaves out the words of the answer."""
    key = LINES.get(_status(case), "")
    values = _values(case, setting)
    if not key or (key in WITH_DEADLINE and case.due_on is None):
        return Phrase("line.on" if case.status in ENDED else "line.since", values)
    if key == "line.answered" and (brief or not case.answer):
        key = "line.answered_on"
    return Phrase(key, values)


def page_values(case: KnownCase, setting: Setting) -> tuple[str, dict[str, Value]]:
    """Key and fill-ins of the USSD page of a complaint."""
    values = about(case.number) | _values(case, setting)
    if case.status is Status.AWAITING_REPORTER and case.answer:
        return "ussd.standing_answered", values
    if case.due_on is None:
        return "ussd.standing", values
    return ("ussd.standing_check" if case.status is Status.RECEIVED else "ussd.standing_due"), values


def local_day(moment: datetime, setting: Setting) -> date:
    return moment.astimezone(ZoneInfo(setting.zone)).date()


def label(status: Status) -> Phrase:
    return Phrase(f"st.label.{status}")


def _status(case: KnownCase) -> Status:
    """The status that the reporter may know of."""
    return Status.IN_PROGRESS if case.answer_waits else case.status


def _values(case: KnownCase, setting: Setting) -> dict[str, Value]:
    return {
        "status": label(_status(case)),
        "sejak": local_day(case.status_since, setting),
        "dijawab": local_day(case.answered_at or case.status_since, setting),
        "opd": case.agency_name or Phrase("line.unit"),
        "kutipan": case.answer,
        "tgl": case.due_on or "",
    }
