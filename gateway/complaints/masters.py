"""The lists that a system of record keeps and our reports refer to: values only. Source: docs/forwarders/sp4n.md § Masters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class MasterKind(StrEnum):
    """A list that a system of record keeps and our reports refer to by its ids."""

    INSTITUTION = "institution"
    CATEGORY = "category"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class MasterRow:
    """One row of such a list: institutions and categories by id, templates by code."""

    id: str
    name: str
    parent_id: str = ""


MasterLists = Mapping[MasterKind, Sequence[MasterRow]]
