"""A report, follow-up or referral -> what the API takes. Pure; the reverse is reading.py.

Source: docs/forwarders/sp4n.md § Requests and § Text.
"""

import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence

from channels.protocols import Upload
from gateway.complaints.forward import FollowUp, Referral, Report, ReportFile
from gateway.complaints.leaving import content_of, cut_at_word, tag_of, title_of
from workers.forwarders.sp4n.reference import Reference
from workers.forwarders.sp4n.settings import Sp4nSettings

OWN_REF = re.compile(r"\s*\(ref ([0-9a-z]{4,12})\)\s*$", re.IGNORECASE)


def payload(
    report: Report, document_ids: Sequence[int], settings: Sp4nSettings, reference: Reference
) -> dict[str, object]:
    """The body of a create. Ids that neither the report nor the settings name are left out."""
    wanted: dict[str, object] = {
        "title": title_of(report, reference.limits.title),
        "content": content_of(report, reference.limits.content),
        "channel": settings.channel_id,
        **_reporter(report, settings),
        "is_disposisi_slider": True,
        "classification_id": number(report.classification_id) or _classification(report, settings, reference),
        "disposition_id": number(report.institution_id) or settings.default_institution_id,
        "category_id": number(report.category_id) or settings.default_category_id,
        "location_id": number(report.location_id) or settings.default_location_id,
        "date_of_incident": report.incident_on and report.incident_on.strftime(reference.date_format),
    }
    body = {name: value for name, value in wanted.items() if value is not None and value != ""}
    ids = json.dumps(list(document_ids), separators=(",", ":"))
    return body | {
        "copy_externals": None,
        "info_disposition": reference.info_disposition,
        "tags_raw": f"{reference.tag} {tag_of(report)}",
        "is_anonymous": report.anonymous,
        "is_secret": report.confidential,
        "is_priority": report.priority,
        "attachments": ids + settings.attachments_suffix,
    }


def uploads(files: Sequence[ReportFile], part: str, reference: Reference) -> tuple[list[Upload], int]:
    """The files that may go, under names that tell nothing, and how many may not (too many, too large, gone)."""
    taken: list[Upload] = []
    for file in files:
        content = _content(file)
        if content is not None and len(taken) < reference.limits.files and len(content) <= reference.limits.file_bytes:
            name = f"lampiran-{len(taken) + 1}{_suffix(file.media_type)}"
            taken.append(Upload(part, name, content, file.media_type or "application/octet-stream"))
    return taken, len(files) - len(taken)


def followup_fields(report: Report, followup: FollowUp, settings: Sp4nSettings, reference: Reference) -> dict[str, str]:
    """The scalars of a follow-up, all as text; what does not apply is empty."""
    institution = number(report.institution_id) or settings.default_institution_id
    here = settings.default_institution_id if followup.from_reporter else institution
    return {
        "user_id": _text(settings.user_id),
        "institution_from_id": _text(here),
        "institution_to_id": _text(institution) if followup.from_reporter else "",
        "complaint_id": report.remote_id,
        "template_code": reference.reporter_template if followup.from_reporter else reference.answer_template,
        "rating": str(followup.rating),
        "is_secret": "1" if followup.secret or report.confidential else "0",
        "content": followup_text(followup, reference),
    }


def followup_text(followup: FollowUp, reference: Reference) -> str:
    """The text as it is shown there, ended by the ref that finds it again."""
    before = f"{reference.from_reporter} " if followup.from_reporter else ""
    ref = f" (ref {followup.ref})"
    return cut_at_word(before + followup.text, reference.limits.content - len(ref), folded=False) + ref


def referral_body(referral: Referral) -> dict[str, object]:
    """Asks to hand the report over; whatever its name, `reject` with these flags does not close."""
    reason: object = number(referral.institution_id) or referral.institution_id
    return {"is_request": 1, "reason": reason, "reason_description": referral.reason, "not_authority": 1}


def fingerprint(text: str) -> str:
    """SHA-256 of a text without its ref, case and spacing: equal for the same words however they were laid out."""
    return hashlib.sha256(" ".join(OWN_REF.sub("", text).casefold().split()).encode()).hexdigest()


def number(remote_id: str) -> int | None:
    """Their ids are numbers; what is none counts as not named."""
    return int(remote_id) if remote_id.isascii() and remote_id.isdigit() else None


def _reporter(report: Report, settings: Sp4nSettings) -> Mapping[str, object]:
    identity = report.identity
    if identity is None or report.anonymous or not settings.send_identity:
        return {"is_new_user_slider": False, "user_id": settings.user_id}
    return {
        "is_new_user_slider": True,
        "nameUser": identity.name,
        "emailUser": identity.email,
        "phoneUser": identity.phone,
    }


def _classification(report: Report, settings: Sp4nSettings, reference: Reference) -> int | None:
    label = reference.classifications.get(report.kind, "")
    return settings.classification_ids.get(report.kind, settings.classification_ids.get(label))


def _content(file: ReportFile) -> bytes | None:
    try:
        return file.load()
    except OSError:
        # The complaint goes without it: `attachments_missing` tells the coordinator.
        return None


def _suffix(media_type: str) -> str:
    return ".jpg" if media_type == "image/jpeg" else mimetypes.guess_extension(media_type) or ""


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
