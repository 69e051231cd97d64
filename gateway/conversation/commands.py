"""COMMANDS: words that act instead of being reported (CASEWORK 4.3). A row is a word, its synonyms and what follows it.

A command is the first word of a message and must be followed by what it expects, or it is an ordinary word: "batal
bangun jembatan dusun 2 kenapa?" is a complaint. On Telegram the same words have a slash.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gateway.conversation import orders
from gateway.conversation.moment import Moment
from gateway.conversation.orders import Call
from gateway.conversation.turn import Turn

_NUMBER = r"(?:[a-z]{2,5}[\s.-]*)?\d[\d\s.-]*"


class Form(Enum):
    """What may stand behind the word, as a pattern for all of it."""

    ALONE = r""
    NUMBER = rf"(?:{_NUMBER})?"
    SWITCH = rf"(?:mati|off)?\s*(?:{_NUMBER})?"
    MARK = rf"(?:{_NUMBER}\s+)?[1-5]"
    REASON = r"(?:(?:[a-z]{2,5}[\s.-]*)?\d[\d-]{5,}(?:\s.*)?)?"
    WORDS = r"(?:\S+(?:\s+\S+){0,3})?"
    LANGUAGE = r"(?:id|en|indonesia|inggris|english)?"
    DATA = r"data"
    OWN_DATA = r"data saya\b.{3,}"
    TEXT = r".*"


@dataclass(frozen=True, slots=True)
class Command:
    """`run` gives None when the message is an ordinary text after all. `help` is the key of the text that explains it."""

    word: str
    synonyms: tuple[str, ...]
    form: Form
    run: Callable[[Moment, Call], Turn | None]
    help: str = "help.main"
    slashed: tuple[str, ...] = ()
    """Synonyms that count with a slash only."""


# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("BANTUAN",  ("HELP", "INFO", "MENU"),    Form.ALONE,    orders.show_help),
    Command("START",    (),                          Form.TEXT,     orders.start,        slashed=("START",)),
    Command("LAPOR",    ("REPORT",),                 Form.TEXT,     orders.report),
    Command("BARU",     ("NEW",),                    Form.TEXT,     orders.report_another),
    Command("STATUS",   ("CEK", "CHECK"),            Form.NUMBER,   orders.show_status),
    Command("BATAL",    ("CANCEL",),                 Form.NUMBER,   orders.cancel),
    Command("KODE",     ("CODE",),                   Form.NUMBER,   orders.new_code),
    Command("USUL",     ("PROPOSE",),                Form.TEXT,     orders.propose_term, "glos.help"),
    Command("YA",       ("YES",),                    Form.ALONE,    orders.agree),
    Command("TIDAK",    ("NO",),                     Form.ALONE,    orders.decline),
    Command("BELUM",    (),                          Form.TEXT,     orders.not_done),
    Command("NILAI",    ("RATE",),                   Form.MARK,     orders.rate),
    Command("ANONIM",   ("ANONYMOUS",),              Form.SWITCH,   orders.anonymous),
    Command("RAHASIA",  ("CONFIDENTIAL",),           Form.SWITCH,   orders.confidential),
    Command("BUKA",     ("REOPEN",),                 Form.REASON,   orders.reopen),
    Command("PRIVASI",  ("PRIVACY",),                Form.ALONE,    orders.explain_privacy, "pv.long"),
    Command("HAPUS",    ("DELETE",),                 Form.DATA,     orders.erase_data, "pv.long"),
    Command("SALINAN",  ("COPY",),                   Form.DATA,     orders.copy_data, "pv.long"),
    Command("RALAT",    ("CORRECT",),                Form.OWN_DATA, orders.correct_data, "pv.long"),
    Command("ISTILAH",  ("GLOSARIUM", "GLOSSARY"),   Form.WORDS,    orders.explain_term, "glos.help"),
    Command("LAYANAN",  ("SERVICES",),               Form.ALONE,    orders.list_services),
    Command("BAHASA",   ("LANGUAGE",),               Form.LANGUAGE, orders.language),
)
# fmt: on
_CALL = re.compile(r"(/?)([^\W\d_]+)(?:@\w+)?(?:[\s:.,!?-]+(.*))?", re.DOTALL)
SLASH_WORDS = 3
"""A longer text behind an unknown slash is no slip, but a report that begins with one."""
LONGEST_ARGUMENT = 200
"""Characters behind a word that expects a number or a few words."""


def command(moment: Moment) -> Turn | None:
    call = read_call(moment.text)
    if call is None:
        return None
    found = find(call)
    if found and _fits(found.form, call.rest):
        return found.run(moment, call)
    unknown = call.slashed and found is None and len(call.rest.split()) < SLASH_WORDS
    return orders.unknown(moment) if unknown else None


def _fits(form: Form, rest: str) -> bool:
    if form in (Form.TEXT, Form.REASON, Form.OWN_DATA):
        return re.fullmatch(form.value, rest.casefold(), re.DOTALL) is not None
    return len(rest) <= LONGEST_ARGUMENT and re.fullmatch(form.value, rest.casefold().rstrip(" .!?")) is not None


def read_call(text: str) -> Call | None:
    read = _CALL.fullmatch(text.strip())
    if read is None:
        return None
    slashed = bool(read[1])
    word = unicodedata.normalize("NFKC", read[2])
    return Call(word.upper(), (read[3] or "").strip(), slashed or word.isupper(), slashed)


def find(call: Call) -> Command | None:
    """The command of this word; one that needs a slash is not found without."""
    for row in COMMANDS:
        if call.word in row.slashed:
            return row if call.slashed else None
        if call.word == row.word or call.word in row.synonyms:
            return row
    return None
