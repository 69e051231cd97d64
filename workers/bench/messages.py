"""The messages of a bench: numbered, each from a sender of its own, as the bytes that Telegram and Kannel send.

Number n is always the same message, so that any process can say what was sent, from whom, and where its receipt goes.
"""

from collections.abc import Sequence
from urllib.parse import quote_plus

from channels.messages import RawRequest

TELEGRAM, SMS, USSD = "tg", "sms", "ussd"
CHANNELS = (TELEGRAM, SMS)
WEBHOOK_SECRET = "bench-webhook-secret"  # noqa: S105 - opens nothing but a gateway that lives as long as its bench
SMS_TOKEN = "bench-sms-token-0123456789"  # noqa: S105
SMS_NUMBER = "1708"
USSD_TOKEN, USSD_CODE = "bench-ussd-token-0123456789", "*123*17#"
BOT_TOKEN = "777000:bench-token-abcdefghijklmnop"  # noqa: S105
SMS_USERNAME, SMS_PASSWORD = "gateway", "bench-sms-password"
FIRST_CHAT = 7_000_000_000
FIRST_PHONE = 810_000_000_00
BLOCKS, BLOCK = 9_000, 10_000
"""Numbers of one block that come in a crowd are answered later (SECURITY C16): ours stand far apart."""
NEIGHBOURHOODS = 90
"""Each report names one of them, by its number (RT)."""

# Reports as people write them: some with a place, some with a number, none that means anything but a report.
REPORTS = (
    "Jalan di depan pasar berlubang dalam sekali, sudah tiga bulan tidak diperbaiki dan banyak yang jatuh di sana",
    "Lampu jalan di gang kami mati sejak minggu lalu, warga takut lewat malam hari, mohon segera diganti",
    "Sampah di simpang tiga tidak diangkut sudah lima hari dan baunya sampai masuk ke dalam rumah warga",
    "Air PDAM keruh dan berbau sejak hari Senin, tidak bisa dipakai untuk memasak, sudah lapor tapi belum ada kabar",
    "Antrean di puskesmas lama sekali, loket buka satu saja padahal pasien banyak, mohon petugasnya ditambah",
    "Drainase di dekat sekolah tersumbat, setiap hujan jalan tergenang sampai lutut dan anak-anak sulit lewat",
    "Jembatan kayu menuju ladang sudah lapuk dan papannya hilang beberapa, mohon diperbaiki sebelum ada korban",
    "Pungutan di tempat parkir tidak sesuai karcis, diminta dua kali lipat oleh petugas tanpa tanda terima",
)
SYLLABLES = (
    "ka",
    "me",
    "la",
    "ti",
    "so",
    "ru",
    "na",
    "wi",
    "ga",
    "de",
    "pu",
    "mo",
    "bi",
    "ra",
    "su",
    "to",
    "li",
    "ha",
    "ce",
    "yo",
)


def channel_of(number: int, channels: Sequence[str]) -> str:
    """Channels take turns."""
    return channels[number % len(channels)]


def text_of(number: int) -> str:
    """No two alike, and like what people write: eight digits would be taken for a number to be masked."""
    return f"{REPORTS[number % len(REPORTS)]}. RT {number % NEIGHBOURHOODS + 1} gang {lane_of(number)}"


def lane_of(number: int) -> str:
    """The name of a lane that no other number has."""
    name = ""
    while number or not name:
        number, place = divmod(number, len(SYLLABLES))
        name += SYLLABLES[place]
    return name.capitalize()


def external_id(channel: str, number: int) -> str:
    """What the gateway's row of this message is called."""
    return f"u:{number}" if channel == TELEGRAM else f"mo:{number}"


def phone_of(number: int) -> int:
    """The telephone number of a sender, without its country."""
    return FIRST_PHONE + number % BLOCKS * BLOCK + number // BLOCKS


def recipient_of(channel: str, number: int) -> str:
    """Where the receipt goes, as digits."""
    return str(FIRST_CHAT + number) if channel == TELEGRAM else f"62{phone_of(number)}"


def raw_request(channel: str, number: int, sent_at: int) -> RawRequest:
    """The call as a webhook hands it to the channel's adapter; `sent_at` in Unix seconds."""
    if channel == TELEGRAM:
        headers = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET, "content-type": "application/json"}
        return RawRequest("POST", headers=headers, body=_update(number, sent_at))
    return RawRequest("GET", raw_query=_query(number, sent_at).encode())


def http_request(channel: str, number: int, sent_at: int) -> bytes:
    """The same call as it goes over the wire, on a connection that stays open."""
    if channel == TELEGRAM:
        body = _update(number, sent_at)
        head = (
            f"POST /c/{channel} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {WEBHOOK_SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
    if channel == USSD:
        return f"GET /c/{channel}?{_dialled(number)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    return f"GET /c/{channel}?{_query(number, sent_at)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _dialled(number: int) -> str:
    """Somebody dials: the first page of a session of their own."""
    return (
        f"token={USSD_TOKEN}&sessionId=S{number}&phoneNumber=%2B62{phone_of(number)}"
        f"&serviceCode={quote_plus(USSD_CODE)}&text="
    )


def _update(number: int, sent_at: int) -> bytes:
    person = FIRST_CHAT + number
    return (
        f'{{"update_id":{number},"message":{{"message_id":{number % 1000 + 1},"date":{sent_at},'
        f'"chat":{{"id":{person},"type":"private","first_name":"Rahmawati"}},'
        f'"from":{{"id":{person},"is_bot":false,"first_name":"Rahmawati","language_code":"id"}},'
        f'"text":"{text_of(number)}"}}}}'
    ).encode()


def _query(number: int, sent_at: int) -> str:
    return (
        f"token={SMS_TOKEN}&id={number}&from=%2B62{phone_of(number)}&to={SMS_NUMBER}"
        f"&ts={sent_at}&coding=0&charset=UTF-8&text={quote_plus(text_of(number))}"
    )
