"""The office of the month: its settings, its agencies as a table, and how each of them works. All people are made up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

BOT_TOKEN = "777000:month-token-abcdefghijklmnop"  # noqa: S105 - opens nothing but a gateway that lives as long as its month
WEBHOOK_SECRET = "month-webhook-secret"  # noqa: S105
SMS_TOKEN = "month-sms-token-0123456789"  # noqa: S105
USSD_TOKEN = "month-ussd-token-0123456789"  # noqa: S105
SMS_NUMBER, USSD_CODE = "1708", "*708#"
LAPOR_KEY, LAPOR_TOKEN = "month-key", "00000000-0000-4000-8000-000000000001"
ZONE = "Asia/Jakarta"
TELEGRAM, SMS, USSD, WEB = "tg", "sms", "ussd", "web"
SETTINGS = """
[storage]
url = "{database}"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "month-identity-key-0123456789abcdef-xyz"
reserve_mib = 0
[server]
public_url = "https://aduan.bulan.example"
[government]
name = "Kabupaten Bulan"
time_zone = "{zone}"
[data]
agencies = "{folder}/agencies.toml"
[channels.tg]
kind = "telegram"
token = "{bot_token}"
webhook_secret = "{webhook_secret}"
username = "aduanbulan"
[channels.sms]
kind = "kannel"
number = "{sms_number}"
inbound_token = "{sms_token}"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "month-sms-password"
[channels.ussd]
kind = "ussd_http"
service_code = "{ussd_code}"
inbound_token = "{ussd_token}"
sms_channel = "sms"
[channels.web]
kind = "web_form"
[forwarding.sp4n]
kind = "sp4n"
mode = "api"
api_url = "{lapor}/lapor/3.0.0"
authorization = "{lapor_key}"
token = "{lapor_token}"
user_id = 9000001
default_institution_id = 1200
default_category_id = 9001
# One call after the other, so that a month comes out alike each time.
max_in_flight = 1
search_path = "/complaints"
# Once a day: a month of the usual schedule is ten thousands of calls.
poll_every_s = 86400
"""


class Manner(StrEnum):
    """How an office works."""

    PROMPT = "prompt"
    SLOW = "slow"
    SILENT = "silent"
    """Nobody there ever does anything."""
    DEPUTISED = "deputised"
    """The penghubung is on leave for a week, the deputy acts."""
    ALONE = "alone"
    """The penghubung is on leave for a week, and there is no deputy."""
    EMPTY = "empty"
    """A unit without a team."""


@dataclass(frozen=True, slots=True)
class Office:
    code: str
    kind: str
    manner: Manner
    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    parent: str = "SETDA"
    by_sms: bool = False
    """Its people have nothing but SMS."""


# fmt: off
OFFICES = (
    Office("SETDA",       "setda",       Manner.SLOW,      ("lainnya",),                 ("sekda",), parent=""),
    Office("DISKOMINFO",  "dinas",       Manner.PROMPT,    ("tik", "sp4n"),              ("internet", "wifi")),
    Office("INSPEKTORAT", "inspektorat", Manner.SLOW,      ("politik-hukum",),           ("pungli",)),
    Office("BPBD",        "badan",       Manner.PROMPT,    ("trantibum",),               ("kebakaran", "banjir")),
    Office("PUPR",        "dinas",       Manner.PROMPT,    ("pekerjaan-umum",),          ("jalan berlubang", "drainase")),
    Office("UPT-JALAN",   "bidang",      Manner.EMPTY,     ("perairan",),                ("jembatan kayu", "dermaga"), parent="PUPR"),
    Office("DLH",         "dinas",       Manner.DEPUTISED, ("lingkungan",),              ("sampah", "tps")),
    Office("DISHUB",      "dinas",       Manner.SILENT,    ("perhubungan",),             ("lampu jalan", "parkir", "rambu")),
    Office("DINKES",      "dinas",       Manner.ALONE,     ("kesehatan",),               ("puskesmas", "obat")),
    Office("DISDIK",      "dinas",       Manner.SLOW,      ("pendidikan",),              ("sekolah", "guru")),
    Office("DUKCAPIL",    "dinas",       Manner.PROMPT,    ("kependudukan",),            ("ktp", "kartu keluarga"), by_sms=True),
)
# fmt: on
BY_CODE: Mapping[str, Office] = {office.code: office for office in OFFICES}
ROLES = ("penghubung", "deputi", "kepala")
HEAD = """schema = 1
region = "62.01"
timezone = "{zone}"
coordinator = "DISKOMINFO"
conflict_of_interest = "INSPEKTORAT"
duty = ["BPBD"]
"""
AGENCY = """
[[agency]]
code = "{code}"
name = "Kantor Bulan {code}"
kind = "{kind}"
parent = "{parent}"
accepts = true
topics = {topics}
keywords = {keywords}
areas = []
sp4n_institution_id = "{institution}"
decree = "SK BULAN 1/2026"
valid_from = 2026-01-02
"""
MEMBER = """[[agency.team]]
role = "{role}"
person = "{role} {code}"
{reach} = "{address}"
notify = ["{means}"]
"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a team. `address` is a chat or a telephone number."""

    office: Office
    role: str
    address: str


def _seats() -> tuple[Seat, ...]:
    found = []
    for at, office in enumerate(OFFICES):
        for place, role in enumerate(ROLES):
            missing = office.manner is Manner.EMPTY or (office.manner is Manner.ALONE and role == "deputi")
            if not missing:
                address = f"+62812990{at:02d}{place:02d}0" if office.by_sms else f"91{at:02d}{place:02d}"
                found.append(Seat(office, role, address))
    return tuple(found)


SEATS: tuple[Seat, ...] = _seats()
BY_ADDRESS: Mapping[str, Seat] = {seat.address: seat for seat in SEATS}


def written(folder: Path, database: str, lapor: str) -> str:
    """The settings; the agencies are put beside them. `lapor`: where the simulated LAPOR! answers."""
    (folder / "agencies.toml").write_text(HEAD.format(zone=ZONE) + "".join(map(_agency, range(len(OFFICES)))))
    return SETTINGS.format(
        folder=folder,
        database=database,
        lapor=lapor,
        zone=ZONE,
        bot_token=BOT_TOKEN,
        webhook_secret=WEBHOOK_SECRET,
        sms_number=SMS_NUMBER,
        sms_token=SMS_TOKEN,
        ussd_code=USSD_CODE,
        ussd_token=USSD_TOKEN,
        lapor_key=LAPOR_KEY,
        lapor_token=LAPOR_TOKEN,
    )


def _agency(at: int) -> str:
    office = OFFICES[at]
    about = AGENCY.format(
        code=office.code,
        kind=office.kind,
        parent=office.parent,
        topics=list(office.topics),
        keywords=list(office.keywords),
        institution=1201 + at,
    )
    return about + "".join(_member(seat) for seat in SEATS if seat.office is office)


def _member(seat: Seat) -> str:
    reach, means = ("phone", "sms") if seat.office.by_sms else ("telegram", "telegram")
    return MEMBER.format(role=seat.role, code=seat.office.code, reach=reach, address=seat.address, means=means)
