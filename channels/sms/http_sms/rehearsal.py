"""A provider's file tried without a provider: what would leave, and how its samples are read.

Samples stand beside the file as they come on the wire, without headers: `<name>.mo` a call with messages (a body, or a query
string), `<name>.dlr` one with delivery reports.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from channels import gsm
from channels.errors import PayloadInvalid
from channels.messages import Address, Inbound, InboundMessage, OutboundMessage, RawRequest
from channels.sms.http_sms.adapter import Hearing
from channels.sms.http_sms.outcomes import Judge
from channels.sms.http_sms.sending import Writer
from channels.sms.http_sms.settings import HttpSmsSettings
from channels.sms.http_sms.words import Sending
from config import clock
from config.settings import REFERENCES, STARS, Secret, SettingsError

NUMBER, CITIZEN, TEXT = "1708", "+6281200000000", "Laporan diterima."
STATUS_URL = f"https://aduan.example/c/sms/status?token={STARS}"
SAMPLES = ((".mo", ""), (".dlr", "/status"))


@dataclass(frozen=True, slots=True)
class _Masked(HttpSmsSettings):
    """Settings that know no secret: each reference means stars."""

    def secret(self, reference: str, where: str) -> str:
        if not reference.startswith(REFERENCES):
            raise SettingsError(
                where, "must be a reference: env:NAME, file:PATH or secret:NAME, never the secret itself"
            )
        return STARS


def rehearse(file: Path) -> Iterator[str]:
    """Lines for people. SettingsError names a wrong key, PayloadInvalid a sample that cannot be read."""
    settings = _Masked(NUMBER, "-", "-", provider=file, inbound_token=Secret(STARS))
    provider = settings.dialect()
    Judge(provider.outbound)
    message = OutboundMessage("ob_0000000000001", Address("tel", CITIZEN), TEXT)
    writer = Writer(provider.outbound, settings)
    writer.grant()  # asked for at the start, too: a wrong key is named
    request = writer.request(Sending(message, NUMBER, gsm.count(TEXT), STATUS_URL, clock.now()))
    yield f"{request.method} {request.url}"
    yield from (f"{name}: {value}" for name, value in request.headers.items())
    yield (request.body or b"").decode()
    if provider.inbound is None:
        return
    hearing = Hearing(settings, provider)
    for suffix, path in SAMPLES:
        sample = file.with_suffix(suffix)
        if sample.is_file():
            yield from (f"{sample.name}: {_told(event)}" for event in _heard(hearing, sample, path))


def _heard(hearing: Hearing, sample: Path, path: str) -> list[Inbound]:
    octets = sample.read_bytes().strip()
    try:
        events = list(hearing.parse(RawRequest("POST", path, raw_query=octets, body=octets)))
    except PayloadInvalid as problem:
        raise PayloadInvalid(f"{sample.name}: {problem}") from problem
    if not events:
        raise PayloadInvalid(f"{sample.name}: nothing in it is a message; look at items_path and ignore_if")
    for event in events:
        if isinstance(event, InboundMessage) and not event.text:
            raise PayloadInvalid(f"{sample.name}: no text at inbound.fields.text")
    return events


def _told(event: Inbound) -> str:
    if isinstance(event, InboundMessage):
        sent_at = event.sent_at.isoformat() if event.sent_at else "no time"
        return f"{event.external_id} from {event.sender.reveal()} to {event.destination}, {sent_at}: {event.text}"
    return f"{getattr(event, 'message_id', '')} is {getattr(event, 'status', None) or 'understood as nothing'}"
