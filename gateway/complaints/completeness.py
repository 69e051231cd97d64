"""What a report lacks for the work to begin, and the one question worth asking. No answer is fine (CASEWORK 4.2)."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.complaints.complaint import Sensitive

MOST_QUESTIONS = 2
PLACE_TOPICS = frozenset(
    {
        "pekerjaan-umum", "perhubungan", "lingkungan", "trantibum", "energi", "hewan-liar", "pertanian", "perairan", "desa",
        "kesehatan", "pendidikan", "mbg",
    }
)  # fmt: skip
"""Topics of which nobody can take care without knowing where."""
EVENT_TOPICS = frozenset({"politisasi-asn", "netralitas-asn", "kekerasan-pendidikan"})
"""Topics about what somebody did once: when, and how it can be seen, decide the case."""
OPEN_TOPICS = frozenset({"", "lainnya"})
ABOUT_CONDUCT = frozenset({Sensitive.KORUPSI})


@dataclass(frozen=True, slots=True)
class Known:
    """What a report says already, in its text, fields or files."""

    place: bool = False
    time: bool = False
    agency: bool = False
    evidence: bool = False


def missing(known: Known, topic: str) -> frozenset[str]:
    """What is missing of `lokasi`, `waktu`, `instansi`, `bukti`, and matters for this topic. Only information."""
    wanted = (
        ("lokasi", topic in PLACE_TOPICS and not known.place),
        ("waktu", topic in EVENT_TOPICS and not known.time),
        ("instansi", topic in OPEN_TOPICS and not known.agency),
        ("bukti", topic in EVENT_TOPICS and not known.evidence),
    )
    return frozenset(name for name, lacks in wanted if lacks)


def question(
    known: Known,
    topic: str,
    sensitive: Sensitive | bool,
    anonymous: bool,
    urgent: bool,
    asked: Collection[str],
) -> str:
    """The key of the question to put now; empty when nothing is worth asking.

    Anonymity is offered before anything else is asked. In an emergency nothing is asked. `asked` holds the keys of earlier
    questions about this report.
    """
    if urgent or len(asked) >= MOST_QUESTIONS:
        return ""
    offer = _offer(sensitive)
    if offer and not anonymous and offer not in asked:
        return offer
    if "lokasi" in missing(known, topic) and "ask.place" not in asked:
        return "ask.place"
    return ""


def _offer(sensitive: Sensitive | bool) -> str:
    if sensitive is False or sensitive is Sensitive.NONE:
        return ""
    return "ask.secret" if sensitive is True or sensitive in ABOUT_CONDUCT else "ask.secret_personal"
