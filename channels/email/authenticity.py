"""Whether a mail is from whom it says: only by what our own mail server found out (`Authentication-Results`, RFC 8601)."""

import re
from collections.abc import Sequence

COMMENT = re.compile(r"\([^()]*\)")
METHOD = re.compile(r"\s*([a-z0-9-]{1,20})\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
PROPERTY = re.compile(r"\b([a-z]{1,20}\.[a-z0-9_-]{1,20})\s*=\s*\"?([^\s;\"]{1,254})", re.IGNORECASE)
LONGEST = 8000
LEAST_LABELS = 2


def is_proven(results: Sequence[str], authserv_id: str, domain: str) -> bool:
    """Whether the server of this name vouches for the domain of the sender: by DMARC, or a DKIM signature that fits."""
    proven = False
    for result in results:
        server, _, rest = COMMENT.sub(" ", result[:LONGEST]).partition(";")
        if not authserv_id or server.split()[:1] != [authserv_id] or not domain:
            continue
        for statement in rest.split(";"):
            verdict = _vouches(statement, domain.lower())
            if verdict is False:
                return False
            proven = proven or verdict is True
    return proven


def _vouches(statement: str, domain: str) -> bool | None:
    """True, False where the domain's owner disowns it, None where it says nothing about that."""
    found = METHOD.match(statement)
    if found is None:
        return None
    method, outcome = found[1].lower(), found[2].lower()
    said = {name.lower(): value.lower() for name, value in PROPERTY.findall(statement)}
    if method == "dmarc":
        if outcome == "fail":
            return False
        return True if outcome == "pass" and said.get("header.from", domain) == domain else None
    signer = said.get("header.d") or said.get("header.i", "").rpartition("@")[2]
    return True if method == "dkim" and outcome == "pass" and _is_aligned(signer, domain) else None


def _is_aligned(signer: str, domain: str) -> bool:
    if signer.count(".") + 1 < LEAST_LABELS:
        return False
    return domain == signer or domain.endswith(f".{signer}") or signer.endswith(f".{domain}")
