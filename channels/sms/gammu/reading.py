"""From files of received messages to what they say, and back again: the same bytes always have the same meaning.

One message is one `RawRequest`: method FILE, path `/inbox`, and all of its files as JSON, so that what waits on the
spool or in quarantine can be read again.
"""

import hashlib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from channels import gsm
from channels.errors import PayloadInvalid
from channels.messages import DeliveryReport, DeliveryStatus, Inbound, InboundMessage, RawRequest, clean_text
from channels.phone import phone_address
from channels.sms.gammu.names import ReceivedName, read_own, read_received
from channels.sms.gammu.settings import GammuSettings

METHOD = "FILE"
RECEIVED, SENT, FAILED = "/inbox", "/sent", "/error"
MARKS = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le"}
UTF8_MARK = b"\xef\xbb\xbf"


class Files(msgspec.Struct, frozen=True):
    """Files by name; bytes in base64."""

    files: dict[str, bytes]


def as_request(files: Mapping[str, bytes]) -> RawRequest:
    """The files of one received message."""
    return RawRequest(METHOD, RECEIVED, body=msgspec.json.encode(Files(dict(files))))


def as_report(path: str, name: str) -> RawRequest:
    """That smsd moved a file of ours to `/sent` or `/error`."""
    return RawRequest(METHOD, path, body=msgspec.json.encode(Files({name: b""})))


def read(request: RawRequest, settings: GammuSettings) -> Inbound:
    """What one message or report says. PayloadInvalid when that cannot be told."""
    try:
        files = msgspec.json.decode(request.body, type=Files).files
    except (msgspec.DecodeError, RecursionError) as problem:
        raise PayloadInvalid("gammu: not the files of a message") from problem
    if request.path == RECEIVED:
        return _message(files, settings)
    if request.path in {SENT, FAILED} and len(files) == 1:
        return _report(request.path, next(iter(files)))
    raise PayloadInvalid("gammu: neither a message nor a report")


def _report(path: str, name: str) -> DeliveryReport:
    own = read_own(name)
    if own is None:
        raise PayloadInvalid("gammu: no file of ours")
    if path == SENT:
        return DeliveryReport(own.message_id, DeliveryStatus.SENT)
    return DeliveryReport(own.message_id, DeliveryStatus.FAILED, "modem")


def _message(files: Mapping[str, bytes], settings: GammuSettings) -> InboundMessage:
    parts = {}
    for name, content in files.items():
        found = read_received(name)
        if found is None:
            raise PayloadInvalid("gammu: no name of a received message")
        parts[found.sequence] = (found, content)
    if len(parts) != len(files) or len({found.sender for found, _ in parts.values()}) != 1:
        raise PayloadInvalid("gammu: files of several messages")
    first = parts[min(parts)][0]
    total = max(parts) + 1
    texts = {sequence + 1: _text(found, content, settings) for sequence, (found, content) in parts.items()}
    text = clean_text(gsm.join_parts(texts, total))
    sender, reachable = phone_address(first.sender)
    return InboundMessage(
        external_id=f"g:{_identity(first, text)}",
        sender=sender,
        text=text,
        sent_at=first.moment(ZoneInfo(settings.time_zone)),
        destination=settings.number,
        reply_possible=reachable,
        flags=frozenset({"incomplete"} if len(parts) < total else ()),
    )


def _identity(name: ReceivedName, text: str) -> str:
    """Sender, SMSC time and text, not the serial number: a modem that is read anew gives old SMS new ones (F98)."""
    told = f"{name.sender}\0{name.day}\0{name.time}\0{text}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _text(name: ReceivedName, content: bytes, settings: GammuSettings) -> str:
    if not name.is_text:
        if not settings.dcs8_charset:
            raise PayloadInvalid("gammu: 8-bit message, and dcs8_charset is not set")
        return _decoded(content, settings.dcs8_charset)
    codec = MARKS.get(content[:2])
    if codec:
        # Half of an emoji may end a part; smsd 1.42 writes two octets too many for each emoji.
        return _decoded(content[2:], codec).rstrip("\0")
    return _decoded(content.removeprefix(UTF8_MARK), settings.charset)


def _decoded(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "surrogatepass" if charset.startswith("utf-16") else "strict")
    except (UnicodeDecodeError, ValueError, LookupError) as problem:
        raise PayloadInvalid(f"gammu: text is no {charset[:40]}") from problem
