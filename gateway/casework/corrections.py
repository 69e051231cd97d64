"""RALAT DATA: what a reporter says is wrong about them is put right beside what was said, never over it (SECURITY § 5).

A name is replaced in the vault; what is wrong in a report becomes an addition to it that its agency reads.
"""

from gateway.casework import casework
from gateway.complaints.complaint import ActionRefused, Actor, Visibility
from gateway.people import contacts
from gateway.record import cases
from gateway.retention import privacy_requests
from gateway.retention.privacy_requests import Kind
from gateway.storage.store import Transaction

CORRECTED = "data_corrected"
NAME_CHARACTERS = 80


def grant(tx: Transaction, identity: int, actor: Actor, *, number: str, name: str, reason: str) -> None:
    """ActionRefused: as `privacy_requests.decide`; `not_yours` (no report of who asked), `missing_input` (nothing is put right)."""
    row = privacy_requests.decide(tx, identity, actor, grant=True, reason=reason, kind=Kind.CORRECT)
    name = " ".join(name.split())[:NAME_CHARACTERS]
    if not number and not name:
        raise ActionRefused("missing_input", "neither a report nor a name")
    if number:
        case = cases.by_number(tx, number)
        if case is None or case.contact_id != row.contact_id:
            raise ActionRefused("not_yours", number, "number")
        casework.remark(tx, case, CORRECTED, actor, {"note": row.said}, Visibility.AGENCY)
    if name:
        contacts.set_name(tx, contacts.by_id(tx, [row.contact_id])[row.contact_id], name)
