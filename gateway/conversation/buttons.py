"""Which buttons a text carries where buttons exist, and how a pressed one is read.

The data of a button is short and stable, because it lives in chats for years: `<what>:<digits of the number>[:<value>]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from channels.messages import Button

Rows = tuple[tuple[Button, ...], ...]
_DONE: Rows = ((Button("button.yes", "ya:{nomor}"), Button("button.not_yet", "belum:{nomor}")),)
_ANONYMITY: Rows = (
    (Button("button.anonymous", "anonim:{nomor}:ya"), Button("button.not_needed", "anonim:{nomor}:tidak")),
)

BUTTONS: Mapping[str, Rows] = {
    "ask.place": ((Button("button.location", asks="location"), Button("button.skip", "lewati:{nomor}")),),
    "ask.caption": ((Button("button.skip", "lewati:{nomor}"),),),
    "ask.secret": _ANONYMITY,
    "ask.secret_personal": _ANONYMITY,
    "ask.cancel": ((Button("button.yes", "batal:{nomor}:ya"), Button("button.no", "batal:{nomor}:tidak")),),
    "ask.unset": ((Button("button.yes", "lepas:{nomor}:ya"), Button("button.no", "lepas:{nomor}:tidak")),),
    "ask.done": _DONE,
    "ask.rate": (tuple(Button(str(mark), f"nilai:{{nomor}}:{mark}") for mark in range(1, 6)),),
    "st.answer": _DONE,
    "st.remind": _DONE,
    "st.upstream": _DONE,
}
"""Text key -> rows; a label is a text key, or a figure that every language reads."""


WORDED = frozenset({"ask.done", "ask.rate", "st.answer", "st.remind", "st.upstream"})
"""Texts that name the words to answer with, whose answers are read by the complaint, whatever channel they come by."""


def spelled(key: str, text: str, rows: Rows) -> str | None:
    """The text for a channel without buttons, pages as lines; None where it asks for what words cannot give there."""
    buttons = [button for row in rows for button in row]
    if key not in WORDED and not all(button.url for button in buttons):
        return None
    return "\n".join((text, *(f"{button.label}: {button.url}" for button in buttons if button.url)))


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: `what`, the digits of the number it stood below, and a value where it has one."""

    what: str
    digits: str = ""
    value: str = ""


def read_button(data: str) -> Press:
    what, _, rest = data.partition(":")
    digits, _, value = rest.partition(":")
    return Press(what, digits, value)
