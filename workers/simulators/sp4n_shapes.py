"""How the simulated LAPOR! shows a report: the usual shape, and the variants that other deployments have."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from workers.simulators.sp4n_world import Answer, DataLog, Report

JAKARTA = ZoneInfo("Asia/Jakarta")
TIMES = "%d-%m-%Y %H:%M:%S"
OTHER_TIMES = ("%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S")
PAGE = 10
FILE = "complaints/attachments/{}"
NOT_FOUND: Mapping[str, Any] = {"message": "Data tidak ditemukan", "results": None}
UNKNOWN_STATUS = {"status_code": "77", "status_name": "Dalam Telaah Khusus"}


def naive(at: datetime, form: str = TIMES) -> str:
    return at.astimezone(JAKARTA).strftime(form)


def read_answer(report: Report, variant: str = "") -> dict[str, Any]:
    """The body of a read. `variant` is a fault kind of shape, or empty."""
    data = {
        "id": report.id,
        "title": report.fields.get("title"),
        "content": report.fields.get("content"),
        "tags_raw": report.fields.get("tags_raw"),
        "status_code": report.code,
        "status_name": report.status_name,
        "disposition_id": report.institution[0],
        "disposition_name": report.institution[1],
        "status_logs": [
            {"status_code": log.code, "status_name": log.name, "created_at": naive(log.at)}
            for log in report.status_logs
        ],
    }
    logs = [_log(log, place, variant) for place, log in enumerate(report.data_logs)]
    data |= _other_status(report, variant)
    if variant == "logs_top_level":
        return {"results": {"data": data}, "data_logs": logs}
    return {"results": {"data": data, "data_logs": logs}}


def followups_answer(report: Report, page: int, variant: str = "") -> dict[str, Any]:
    newest_first = sorted(report.answers, key=lambda answer: answer.id, reverse=True)
    shown = newest_first[(page - 1) * PAGE : page * PAGE]
    return {"results": {"data": [_answer(answer, variant) for answer in shown]}}


def search_answer(reports: Sequence[Report], text: str, page: int) -> dict[str, Any]:
    """Newest first, ten to a page; whatever has the text in title, content or tags."""
    fields = ("title", "content", "tags_raw")
    found = [
        report
        for report in sorted(reports, key=lambda report: report.id, reverse=True)
        if not report.removed and any(text in str(report.fields.get(name) or "") for name in fields)
    ]
    rows = [
        {"id": report.id, "status_name": report.status_name, **{name: report.fields.get(name) for name in fields}}
        for report in found[(page - 1) * PAGE : page * PAGE]
    ]
    return {"results": {"data": rows}}


def board_row(report: Report) -> dict[str, Any]:
    """A report as the practice page shows it."""
    return {
        "id": report.id,
        "title": report.fields.get("title", ""),
        "content": report.fields.get("content", ""),
        "tags_raw": report.fields.get("tags_raw", ""),
        "status_name": report.status_name,
        "status": report.to,
        "disposition_name": report.institution[1],
        "created_at": report.created_at.isoformat(),
        "removed": report.removed,
        "followups": [
            {
                "at": answer.at.isoformat(),
                "content": answer.content,
                "from": answer.sender[1],
                "attachments": answer.attachments,
            }
            for answer in report.answers
        ],
    }


def _other_status(report: Report, variant: str) -> dict[str, str]:
    if variant == "unknown_status":
        return UNKNOWN_STATUS
    if variant == "backwards_status":
        first = report.status_logs[0]
        return {"status_code": first.code, "status_name": first.name}
    return {}


def _log(log: DataLog, place: int, variant: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        **_time("date", log.at, place, variant),
        "content": _spaced(log.content, variant),
        "data": json.dumps({"status_old": {"name": log.old}, "status_new": {"name": log.new}}),
    }
    if variant == "log_nested_institution":
        return row | {"institution_from_id": _nested(log.sender), "institution_to_id": _nested(log.receiver)}
    return row | {"institution_from_name": log.sender[1], "institution_to_id": _nested(log.receiver)}


def _answer(answer: Answer, variant: str) -> dict[str, Any]:
    style = "nested" if variant == "log_nested_institution" else answer.style
    content = (
        f"<p>{{{{institution_from}}}} menanggapi:</p>{answer.content}" if style == "placeholder" else answer.content
    )
    return {
        "id": answer.id,
        **_time("created_at", answer.at, answer.id, variant),
        "template_code": answer.template,
        "template_content": _spaced("{{institution_from}} menanggapi", variant),
        "content": _spaced(content, variant),
        **INSTITUTION[style](answer),
        "is_secret": answer.secret,
        "rating": answer.rating,
        "attachments": [*answer.attachments, *({"id": one, "url": FILE.format(one)} for one in answer.files)],
    }


def _flat(answer: Answer) -> dict[str, Any]:
    receiver = answer.receiver[1] if answer.receiver else None
    return {"institution_from_name": answer.sender[1], "institution_to_name": receiver}


def _in_objects(answer: Answer) -> dict[str, Any]:
    receiver = _nested(answer.receiver) if answer.receiver else None
    return {"institution_from_id": _nested(answer.sender), "institution_to_id": receiver}


INSTITUTION: Mapping[str, Callable[[Answer], dict[str, Any]]] = {
    "flat": _flat,
    "nested": _in_objects,
    "placeholder": _flat,
}


def _nested(institution: tuple[int, str]) -> dict[str, Any]:
    return {"id": institution[0], "name": institution[1]}


def _spaced(text: str, variant: str) -> str:
    return text.replace("{{", "{{ ").replace("}}", " }}") if variant == "placeholder_spaces" else text


def _time(key: str, at: datetime, place: int, variant: str) -> dict[str, str]:
    if variant != "naive_time_variants":
        return {key: naive(at)}
    other_key = "created_at" if key == "date" else "date"
    return {other_key: naive(at, OTHER_TIMES[place % len(OTHER_TIMES)])}
