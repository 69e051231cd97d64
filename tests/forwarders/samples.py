"""Made-up reports, jobs and settings that the tests of forwarders share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from config.build import build_section
from gateway.complaints.complaint import Kind, Status
from gateway.complaints.forward import (
    FollowUp,
    ForwardJob,
    ForwardKind,
    ForwardState,
    Identity,
    PollJob,
    Referral,
    Report,
    ReportFile,
)
from workers.forwarders.open311.client import Open311
from workers.forwarders.open311.settings import Open311Settings
from workers.forwarders.protocols import Installation
from workers.forwarders.sp4n.client import Sp4n
from workers.forwarders.sp4n.settings import Sp4nSettings

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
JAKARTA = ZoneInfo("Asia/Jakarta")
INSTALLATION = Installation(ZoneInfo("Asia/Makassar"), "satupintu/0.1.0 (+kontak@contoh.example)")
NUMBER = "KBR-260001235"
SECRET, TOKEN = "rahasia-otorisasi-7731", "00000000-0000-4000-8000-000000000042"

SECTION: Mapping[str, object] = {
    "mode": "api",
    "api_url": "http://127.0.0.1:9/lapor/3.0.0",
    "authorization": SECRET,
    "token": TOKEN,
    "user_id": 9000001,
    "default_institution_id": 990001,
    "default_category_id": 9436,
    "default_location_id": 9034,
    "channel_id": 99,
    "classification_ids": {"pengaduan": 6},
}


CITY_KEY = "kunci-kota-rahasia-7731"
CITY: Mapping[str, object] = {
    "mode": "api",
    "api_url": "http://127.0.0.1:9/open311/v2",
    "api_key": CITY_KEY,
    "service_codes": {"perhubungan": "LAMPU"},
    "default_service_code": "UMUM",
}


def open311(**changed: object) -> Open311:
    return Open311(build_section(Open311Settings, {**CITY, **changed}, "forwarding.kota"), INSTALLATION)


def settings(**changed: object) -> Sp4nSettings:
    return build_section(Sp4nSettings, {**SECTION, **changed}, "forwarding.sp4n")


def sp4n(**changed: object) -> Sp4n:
    return Sp4n(settings(**changed), INSTALLATION)


def photo(content: bytes = b"\xff\xd8 made up", media_type: str = "image/jpeg") -> ReportFile:
    return ReportFile("IMG_20261117_kamera.jpg", media_type, lambda: content)


def report(**changed: Any) -> Report:
    sample = Report(
        number=NUMBER,
        title="Lampu jalan padam di Jl. Melati RT 4",
        content=(
            "Lampu jalan di Jl. Melati RT 4, Kel. Contoh Baru padam sejak tiga malam. "
            "Warga kesulitan lewat setelah magrib."
        ),
        kind=Kind.PENGADUAN,
        incident_on=date(2026, 11, 17),
        institution_id="990010",
        anonymous=True,
    )
    return replace(sample, **changed)


def job(
    kind: ForwardKind = ForwardKind.CREATE, state: ForwardState = ForwardState.QUEUED, **changed: Any
) -> ForwardJob:
    return ForwardJob(
        **{"id": 41, "fence": 3, "target": "sp4n", "kind": kind, "state": state, "report": report(), **changed}
    )


def followup_job(text: str = "Petugas sudah mengganti 2 lampu.", **changed: Any) -> ForwardJob:
    followup = FollowUp(text, changed.pop("ref", "a1b2c3"), **changed.pop("followup", {}))
    filed = report(remote_id=changed.pop("remote_id", "8123456"))
    return job(ForwardKind.FOLLOWUP, report=filed, followup=followup, **changed)


def referral_job(institution_id: str = "990022", **changed: Any) -> ForwardJob:
    filed = report(remote_id=changed.pop("remote_id", "8123456"))
    referral = Referral(institution_id, "Kewenangan ruas jalan provinsi.")
    return job(ForwardKind.FORWARD, report=filed, referral=referral, **changed)


def poll_job(remote_id: str = "8123456", **changed: Any) -> PollJob:
    return PollJob(
        **{
            "complaint_id": 7,
            "fence": 1,
            "target": "sp4n",
            "number": NUMBER,
            "remote_id": remote_id,
            "status": Status.ASSIGNED,
            "changed_at": NOW,
            "due_at": NOW,
            **changed,
        }
    )


def job_from(row: Mapping[str, Any]) -> ForwardJob:
    """A job as a recorded exchange writes it."""
    fields = dict(row.get("report", {}))
    if "attachments" in fields:
        fields["attachments"] = tuple(photo(text.encode()) for text in fields["attachments"])
    if "identity" in fields:
        fields["identity"] = Identity(**fields["identity"])
    rest = {name: value for name, value in row.items() if name in {"attempt", "searches_done", "unknown_cycles"}}
    if "unknown_since" in row:
        rest["unknown_since"] = datetime.fromisoformat(row["unknown_since"])
    return job(
        ForwardKind(row.get("kind", "create")),
        ForwardState(row.get("state", "queued")),
        report=report(**fields),
        followup=FollowUp(**row["followup"]) if "followup" in row else None,
        referral=Referral(**row["referral"]) if "referral" in row else None,
        **rest,
    )
