"""What an office may write into a text: its fill-ins, its length, words of the glossary, addresses of its own.

A text that fails one of these rules would reach a citizen broken, cut, split into costly SMS or with a strange link
(CASEWORK 4.4, SECURITY C32). Sample values show what is read; the longest ones decide what fits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit

from channels import gsm
from channels.protocols import Capabilities
from config.reference import Glossary
from config.texts import FILL_IN, LEADING, Texts, keys_of
from gateway.conversation.render import QUOTED, Writer, date_text, render
from gateway.conversation.turn import Reply

AREAS = ("citizen", "staff")
"""Files of texts that messages are made of; screens and labels stay the product's."""
FIXED = ("word.", "date.")
"""Beginnings of keys that are parts of the grammar."""
GROUPS: Mapping[str, frozenset[str]] = MappingProxyType({
    "receipt": frozenset({"rx", "hold", "pub"}),
    "question": frozenset({"ask", "rate"}),
    "news": frozenset({"st", "line", "archive_reason"}),
    "task": frozenset({"pic", "dep", "task", "staff"}),
    "deed": frozenset({"officer"}),
    "above": frozenset({"sup", "mandate", "chan"}),
    "danger": frozenset({"em", "duty", "heard"}),
    "protection": frozenset({"pv", "code"}),
    "talk": frozenset({"greet", "help", "stop", "start", "err", "cancel", "none", "lang", "glos", "svc"}),
    "button": frozenset({"button"}),
})  # fmt: skip
"""What texts are about, in the order of the screen: the beginnings of their keys."""
PHRASES = ("button.", "officer.button.", "st.label.", "archive_reason.", "staff.", "line.unit", "line.at_office")
"""Beginnings of keys whose words stand inside of others, or on a button."""
PHRASE_CHARACTERS = 24
STAFF_CHARACTERS = 300
SMS, CHAT = Capabilities(max_length=1530, max_messages=10, gsm=True), Capabilities()
BY_SMS = "_sms"
MAY_GO = frozenset({"opd", "topik", "jabatan", "jam", "kantor", "nama", "versi", "sk", "keadaan", "lama", "kanal"})
"""Fill-ins without which a text is still of use; every other one must stay."""
LINK = re.compile(r"https?://\S+|\bwww\.\S+", re.IGNORECASE)
REMARK = re.compile(r"\s*\(.*?\)")
A_DAY, A_DAY_TEXT = date(2026, 11, 26), "26 Nov 2026"
UNNAMED = "contoh"
"""Sample of a fill-in that has none of its own."""
# fmt: off
SAMPLES: Mapping[str, str] = MappingProxyType({
    "tiket": "KBR-260001235", "nomor": "260001235", "kode": "4821-9037", "kontak": "08111-129-129", "n": "12",
    "opd": "Dinas Perhubungan", "instansi": "PLN UP3 Contoh", "kantor": "Dinas Perhubungan", "jabatan": "Penghubung",
    "topik": "Penerangan jalan", "nama": "Contoh Penghubung", "jenis": "RAHASIA", "perintah": "STATUS",
    "status": "Tanggapan Anda diterima", "keadaan": "Sedang dikerjakan", "alasan": "laporan sama sudah ada",
    "kutipan": "Lampu di depan pasar sudah diganti pada 24 November.", "tanya": "Tiang nomor berapa?",
    "istilah": "Disposisi", "arti": "penerusan laporan ke instansi yang berwenang.", "usulan": "Disposisi, Delegasi",
    "layanan": "Penerangan jalan umum", "versi": "1.0", "sk": "SK CONTOH 900/2026", "jam": "08.15", "lama": "10 menit",
    "least": "20", "most": "500", "tujuan": "DLH", "kanal": "telegram", "kode4": "4711", "umur": "3 hari kerja", "oleh": "Inspektorat", "a": "4", "b": "31", "c": "2", "d": "1",
})
# fmt: on
DAYS = ("tgl", "tgl1", "tgl2", "sejak", "dijawab")
LONG_OFFICE = "W" * 24
LONGER: Mapping[str, str] = MappingProxyType(
    {"opd": LONG_OFFICE, "instansi": LONG_OFFICE, "kantor": LONG_OFFICE, "n": "200"}
)
LINK_CHARACTERS = 43
"""Of the secret part of an officer's link."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text cannot be used: the end of a text key, and what it names."""

    code: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a text reads on one kind of channel; `septets` and `segments` of all its SMS, 0 elsewhere."""

    messages: Sequence[str]
    septets: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a text is judged by, besides its key: the product's own words, the glossary, our address."""

    shipped: Texts
    glossary: Glossary
    public_url: str


def keys(area: str) -> tuple[str, ...]:
    """The texts of an area that may be worded anew, in the order of its file."""
    return tuple(key for key in keys_of(area) if not key.startswith(FIXED))


def area_of(key: str) -> str:
    """The area of a text that may be worded anew; empty for any other."""
    return next((area for area in AREAS if key in keys(area)), "")


def group_of(key: str) -> str:
    """What a text is about; `talk` for what nobody placed."""
    beginning = key.partition(".")[0]
    return next((group for group, beginnings in GROUPS.items() if beginning in beginnings), "talk")


def tidied(text: str) -> str:
    """As it is kept: one line."""
    return " ".join(text.split())


def problems(key: str, language: str, text: str, rules: Rules) -> list[Problem]:
    """Everything that is wrong with `text` (tidied) as the words of `key`."""
    if not text:
        return [Problem("empty")]
    found = [
        *_fill_ins(key, text, rules.shipped),
        *_forbidden(key, language, text, rules),
        *_links(text, rules.public_url),
    ]
    return found or list(_lengths(key, language, text, rules))


def _fill_ins(key: str, text: str, shipped: Texts) -> Iterable[Problem]:
    known, used = shipped.fill_ins(key, LEADING), set(FILL_IN.findall(text))
    if re.search(r"[{}]", FILL_IN.sub("", text)):
        yield Problem("brace")
    if unknown := sorted(used - known):
        yield Problem("unknown_fill_in", ", ".join(f"{{{name}}}" for name in unknown))
    if missing := sorted(known - used - MAY_GO):
        yield Problem("missing_fill_in", ", ".join(f"{{{name}}}" for name in missing))


def _forbidden(key: str, language: str, text: str, rules: Rules) -> Iterable[Problem]:
    """Words that the glossary replaces by another one, unless the product itself uses them here."""
    shipped = rules.shipped.words(key, language)[0].casefold()
    for term in rules.glossary.terms if language == LEADING else ():
        for word in term.forbidden:
            plain = REMARK.sub("", word).casefold()
            pattern = rf"(?<!\w){re.escape(plain)}(?!\w)"
            # A remark limits where the word is wrong, which nobody can tell from one text.
            if plain == word.casefold() and re.search(pattern, text.casefold()) and not re.search(pattern, shipped):
                yield Problem("forbidden_word", f"{word}: {term.term}")


def _links(text: str, public_url: str) -> Iterable[Problem]:
    ours = urlsplit(public_url).hostname
    for link in LINK.findall(text):
        if urlsplit(link).hostname != ours:
            yield Problem("foreign_link", link)


def _lengths(key: str, language: str, text: str, rules: Rules) -> Iterable[Problem]:
    before = rules.shipped.words(key, language)[0]
    if key.startswith(PHRASES):
        if len(text) > (most := max(len(before), PHRASE_CHARACTERS)):
            yield Problem("too_long", str(most))
        return
    if area_of(key) == "staff" and not key.endswith(BY_SMS):
        if len(text) > (most := max(len(before), STAFF_CHARACTERS)):
            yield Problem("too_long", str(most))
        return
    if strange := sorted({sign for sign in gsm.transliterate(FILL_IN.sub("", text)) if not gsm.fits_gsm(sign)}):
        yield Problem("not_for_sms", " ".join(strange))
        return
    longest = {name: _longest(name, rules.public_url) for name in rules.shipped.fill_ins(key)}
    allowed = _segments(before, longest)
    if (needed := _segments(text, longest)) > allowed:
        yield Problem("too_long_sms", f"{needed} > {allowed}")


def _longest(name: str, public_url: str) -> str:
    # What is quoted is cut or continued, so it takes no room from the rest.
    if name in {*QUOTED, "arti", "layanan"}:
        return ".."
    if name == "tautan":
        return f"{public_url}/p/{'x' * LINK_CHARACTERS}"
    return LONGER.get(name) or sample(name, A_DAY_TEXT, public_url)


def _segments(text: str, values: Mapping[str, str]) -> int:
    return gsm.count(gsm.transliterate(FILL_IN.sub(lambda place: values[place[1]], text))).segments


def shown(key: str, language: str, text: str, rules: Rules) -> dict[str, Shown]:
    """How the text reads with sample values: `sms` and `chat`, whichever there are. Its fill-ins must be known."""
    texts = rules.shipped.changed({(language, key): (text, 0)})
    day = date_text(A_DAY, language, texts)
    values = {name: sample(name, day, rules.public_url) for name in rules.shipped.fill_ins(key)}
    if area_of(key) == "staff" or key.startswith(PHRASES):
        said = Writer(texts, language, SMS if key.endswith(BY_SMS) else CHAT).filled(key, values)
        return {"sms": _counted([said])} if key.endswith(BY_SMS) else {"chat": Shown([said])}
    ways = {"sms": SMS, "chat": CHAT}
    said_by = {
        way: [message.text for message in render(Reply(key, values), language, capabilities, texts).messages]
        for way, capabilities in ways.items()
    }
    return {"sms": _counted(said_by["sms"]), "chat": Shown(said_by["chat"])}


def sample(name: str, day: str, public_url: str) -> str:
    """What stands for a fill-in where somebody tries a text; `day` in its language."""
    if name in DAYS:
        return day
    return f"{public_url}/p/contoh" if name == "tautan" else SAMPLES.get(name, UNNAMED)


def _counted(messages: Sequence[str]) -> Shown:
    counts = [gsm.count(message) for message in messages]
    return Shown(messages, sum(one.septets for one in counts), sum(one.segments for one in counts))
