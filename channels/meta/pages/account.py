"""Whose calls an adapter reads: a page or an Instagram account."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """`kind` as Meta names it in `object`; `scheme` of its people's addresses: page-scoped, never those of another page."""

    kind: str
    id: str
    scheme: str
    app_id: str = ""
    read_standby: bool = False
