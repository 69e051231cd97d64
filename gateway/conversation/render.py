"""A reply becomes texts for one channel: filled in, short enough, with its buttons.

SMS texts are one SMS of 160 septets: when the values are too long, the quoted part alone is cut (`..`). Questions and answers
are never cut, they go on in up to three further SMS that each stand by themselves: `KBR-260001284 (2/3): …`. Other channels
take the same texts in one message. Source: CASEWORK 4.4.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol

from channels import gsm
from channels.messages import Button
from channels.protocols import Capabilities
from config.texts import FILL_IN, TextError
from gateway.complaints import number as numbers
from gateway.conversation.buttons import BUTTONS, Rows
from gateway.conversation.fitting import CUT, cut_to_fit, go_on, wrapped
from gateway.conversation.turn import Page, Phrase, Reply, Value

OFFICE_SEPTETS = 24
"""What the name of an office is cut to before anything of the quoted text is."""
OFFICES = ("opd", "instansi")
QUOTED = ("kutipan", "tanya", "teks", "usulan", "istilah")
"""Fill-ins that hold words of somebody; only these may be cut, in this order."""
CONTINUED = re.compile(r"ask\..*|st\.answer|st\.oota|glos\.entry|pv\.breach")
FURTHER = 3
"""So many messages may follow the first one of a text that is never cut."""
LISTS = frozenset({"st.list", "svc.list"})
PLAIN_KEYS = {"ask.secret": "ask.secret_plain", "ask.secret_personal": "ask.secret_personal_plain"}
"""What is asked in other words where no button can be pressed."""
# Nearly every text: 160 letters of one septet each. Counting the others costs more than all the rest of rendering.
_ONE_SMS = re.compile(r"[\n !\"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]{0,160}")
SPLIT_PAGE = "ussd.more"


Composer = Callable[[Mapping[str, str]], str]
"""Makes the text with some of its values changed."""


class Texts(Protocol):
    """`config.texts.Texts`."""

    def __call__(self, key: str, language: str = ..., **values: object) -> str: ...

    def words(self, key: str, language: str = ...) -> tuple[str, ...]: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    buttons: Rows = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    messages: tuple[Message, ...]


def render(reply: Reply, language: str, capabilities: Capabilities, texts: Texts) -> Rendered:
    """The messages that `reply` becomes on a channel, in order; the buttons hang below the last one."""
    writer = Writer(texts, language, capabilities)
    key = reply.key if capabilities.buttons else PLAIN_KEYS.get(reply.key, reply.key)
    values = writer.values(reply.values)
    parts = writer.written(key, values, reply.lines)
    if reply.append_key:
        appended = writer.written(reply.append_key, values, ())
        parts = [*parts, *appended] if capabilities.gsm else [*parts[:-1], "\n".join((parts[-1], *appended))]
    rows = writer.buttons(reply) if capabilities.buttons else ()
    return Rendered((*(Message(text) for text in parts[:-1]), Message(parts[-1], rows)))


def render_page(page: Page, language: str, septets: int, texts: Texts) -> str:
    """A USSD page within its septets. A page shown before comes back as it was; a longer one has parts (`98`)."""
    if page.text or not page.key:
        return page.text
    writer = Writer(texts, language, Capabilities(gsm=True, max_length=septets))
    options = [f"{key}. {writer.value(label)}" for key, label in page.options]
    note = [writer.text(page.note, {})] if page.note else []

    def fits(text: str) -> bool:
        return gsm.size(text) <= septets

    def whole(values: Mapping[str, str]) -> str:
        return only_gsm("\n".join((*note, writer.filled(page.key, values), *options)))

    values = writer.values(page.values)
    text = whole(values)
    if not fits(text) and "teks" in values:
        text = cut_to_fit(lambda quote: whole({**values, "teks": quote}), values["teks"], fits)
    if fits(text):
        return text
    more = writer.text(SPLIT_PAGE, {})
    parts = wrapped(text, lambda part: fits(f"{part}\n{more}"))
    place = min(page.part, len(parts) - 1)
    return parts[place] if place == len(parts) - 1 else f"{parts[place]}\n{more}"


@lru_cache(maxsize=512)
def date_text(day: date, language: str, texts: Texts) -> str:
    """`26 Nov 2026`, at most eleven characters."""
    return f"{day.day} {texts.words('date.months', language)[day.month - 1]} {day.year}"


def only_gsm(text: str) -> str:
    """The text with a question mark for what a USSD page cannot show."""
    return "".join(sign if gsm.fits_gsm(sign) else "?" for sign in gsm.transliterate(text))


@dataclass(frozen=True, slots=True)
class Writer:
    """Fills in and fits texts for one language and one channel."""

    texts: Texts
    language: str
    capabilities: Capabilities

    def written(self, key: str, filled: Mapping[str, str], lines: tuple[Phrase, ...]) -> list[str]:
        """The text of `key` as one or more messages."""

        def compose(changed: Mapping[str, str]) -> str:
            numbered = (f"{place}. {self.value(line)}" for place, line in enumerate(lines, start=1))
            text = "\n".join((self.filled(key, {**filled, **changed} if changed else filled), *numbered))
            return gsm.transliterate(text) if self.capabilities.gsm else text

        text = compose({})
        if self.fits(text):
            return [text]
        offices = (
            {name: _cut_office(filled[name]) for name in OFFICES if name in filled} if self.capabilities.gsm else {}
        )
        return self._shortened(key, lambda changed: compose({**offices, **changed}), filled)

    def text(self, key: str, values: Mapping[str, Value]) -> str:
        return self.filled(key, self.values(values))

    def filled(self, key: str, values: Mapping[str, str]) -> str:
        """The text of `key` with its values; "SMS ini" reads "pesan ini" on every channel but SMS.

        That is changed before the values come in, so that nobody's own words are touched.
        """

        def fill(place: re.Match[str]) -> str:
            if place[1] not in values:
                raise TextError(f"{key} needs a value for {{{place[1]}}}")
            return values[place[1]]

        return FILL_IN.sub(fill, self._template(key))

    def values(self, values: Mapping[str, Value]) -> dict[str, str]:
        return {name: self.value(value) for name, value in values.items()}

    def value(self, value: Value) -> str:
        if isinstance(value, Phrase):
            return self.text(value.key, value.values)
        return date_text(value, self.language, self.texts) if isinstance(value, date) else " ".join(value.split())

    def buttons(self, reply: Reply) -> Rows:
        digits = numbers.plain(reply.about)
        return tuple(
            tuple(
                Button(self._label(button.label), button.data.replace("{nomor}", digits), button.url, button.asks)
                for button in row
            )
            for row in (*BUTTONS.get(reply.key, ()), *reply.buttons)
        )

    def fits(self, text: str) -> bool:
        if self.capabilities.gsm:
            return _ONE_SMS.fullmatch(text) is not None or gsm.count(text).segments == 1
        return gsm.units(text) <= self.capabilities.max_length

    def _template(self, key: str) -> str:
        return _template(self.texts, key, self.language, self.capabilities.gsm)

    def _label(self, label: str) -> str:
        return self.texts(label, self.language) if label.startswith("button.") else label

    def _shortened(self, key: str, compose: Composer, values: Mapping[str, str]) -> list[str]:
        text = compose({})
        if self.fits(text):
            return [text]
        quoted = [name for name in QUOTED if f"{{{name}}}" in self._template(key)]
        if CONTINUED.fullmatch(key) or not quoted or not self.capabilities.gsm:
            parts = self._continued(key, text, values)
            if parts:
                return parts
        if CONTINUED.fullmatch(key) and quoted:
            most = _cut(compose, quoted, values, lambda candidate: bool(self._continued(key, candidate, values)))
            return self._continued(key, most, values)
        if quoted:
            return [_cut(compose, quoted, values, self.fits)]
        return [cut_to_fit(lambda kept: kept, text, self.fits)]

    def _continued(self, key: str, text: str, values: Mapping[str, str]) -> list[str]:
        """The text in several messages, or nothing when it needs too many."""
        most = 1 + FURTHER if self.capabilities.gsm else self.capabilities.max_messages
        if key in LISTS or not self.capabilities.gsm:
            parts = wrapped(text, self.fits)
            return parts if len(parts) <= most else []
        ticket = f"{values['tiket']} " if values.get("tiket") else ""
        return go_on(text, lambda place, of: f"{ticket}({place}/{of}): ", self.fits, most)


def _cut(compose: Composer, quoted: list[str], values: Mapping[str, str], fits: Callable[[str], bool]) -> str:
    """The text with its quotations cut, one after the other, until it fits."""
    kept: dict[str, str] = {}
    text = compose(kept)
    for name in quoted:
        before = dict(kept)
        text = cut_to_fit(lambda quote, name=name, before=before: compose({**before, name: quote}), values[name], fits)  # type: ignore[misc]
        if fits(text):
            break
        kept[name] = CUT
    return text


@lru_cache(maxsize=1024)
def _template(texts: Texts, key: str, language: str, is_sms: bool) -> str:
    (template,) = texts.words(key, language)
    if is_sms:
        return template
    return template.replace(texts("word.this_sms", language), texts("word.this_message", language))


def _cut_office(name: str) -> str:
    return name if gsm.size(name) <= OFFICE_SEPTETS else name[: OFFICE_SEPTETS - len(CUT)].rstrip() + CUT
