"""Conflicts of interest: nobody looks into what their own people are reported for (CASEWORK 6.2)."""

from collections.abc import Sequence

from gateway.complaints.complaint import Case, Kind
from gateway.complaints.notices import ABOUT_THE_HEAD, GUARDED
from gateway.storage.store import Transaction


def may_have(tx: Transaction, agency: str, case: Case, kind: str) -> bool:
    """Whether a complaint of this kind may be given to this agency."""
    tree = tx.office.reference.tree
    if case.reported and agency == case.reported:
        return False
    return kind != Kind.PENGADUAN_PENGAWASAN or agency in {tree.conflict_of_interest, tree.secretary}


def told(tx: Transaction, keys: Sequence[str], case: Case) -> tuple[str, ...]:
    """Keys of notices; where officers are reported, the reporter reads that it was passed on, and not to whom."""
    if case.kind is not Kind.PENGADUAN_PENGAWASAN:
        return tuple(keys)
    about_head = bool(case.reported) and case.reported == tx.office.reference.tree.root
    return tuple((ABOUT_THE_HEAD if about_head else GUARDED).get(key, key) for key in keys)
