"""Why, in short Indonesian sentences for officers: each names the words of the text that decided."""

from collections.abc import Iterable

from gateway.complaints.complaint import Hold, Sensitive
from workers.classification.agencies import Agencies, AgencyGuess
from workers.classification.danger import DangerGuess
from workers.classification.kind import NO_REPORT, KindGuess
from workers.classification.lexicon import Hit
from workers.classification.places import PlaceGuess
from workers.classification.spam import HoldGuess
from workers.classification.topics import TopicGuess

MOST_WORDS = 3
LOOK_FIRST = "Perlu dilihat petugas dulu"
HOLD_NAMES = {Hold.SPAM: "dugaan spam", Hold.ABUSE: "dugaan makian tanpa isi"}
KIND_NAMES = {
    "pengaduan": "pengaduan",
    "permintaan_informasi": "permintaan informasi",
    "aspirasi": "aspirasi",
    NO_REPORT: "bukan laporan",
}


def reasons(
    *,
    kind: KindGuess,
    topic: TopicGuess | None = None,
    agency: AgencyGuess | None = None,
    agencies: Agencies | None = None,
    place: PlaceGuess | None = None,
    danger: DangerGuess | None = None,
) -> tuple[str, ...]:
    sentences = []
    if kind.hits:
        sentences.append(f"Jenis {KIND_NAMES[kind.kind]}: {_quoted(kind.hits)}.")
    if topic and topic.hits and topic.best:
        code = topic.best[0].code
        sentences.append(_about(f"Topik {code}", topic.hits, code))
    if agency and agencies and agency.ranked:
        sentences.append(_about(f"Instansi {agencies.name(agency.ranked[0].code)}", agency.hits, agency.ranked[0].code))
        if agency.rule:
            sentences.append(f"Aturan pembagian tugas: {agency.rule}.")
        if agency.out_of_authority:
            sentences.append("Di luar kewenangan pemerintah daerah; perlu dipastikan koordinator.")
    if place and place.code:
        sentences.append(f"Lokasi {place.name}: tertulis “{place.written}”.")
    if danger:
        sentences.extend(_dangers(danger))
    return tuple(sentence for sentence in sentences if sentence)


def hold_reasons(held: HoldGuess) -> tuple[str, ...]:
    if held.hold is Hold.NONE:
        return ()
    words = ", ".join(f"“{word}”" for word in held.said[:MOST_WORDS])
    return (f"{LOOK_FIRST} ({HOLD_NAMES[held.hold]}): {words}.",)


def without_hold(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if not sentence.startswith(LOOK_FIRST))


def _dangers(danger: DangerGuess) -> Iterable[str]:
    if danger.emergency:
        yield f"Kemungkinan darurat: {_quoted(danger.hazard)}."
    if danger.sensitive != Sensitive.NONE:
        yield f"Isi sensitif ({danger.sensitive}): {_quoted(danger.secret)}."
    if danger.asked_for_secrecy:
        yield "Pelapor meminta kerahasiaan."


def _about(what: str, hits: Iterable[Hit], code: str) -> str:
    mine = [hit for hit in hits if hit.label == code]
    return f"{what}: {_quoted(mine)}." if mine else f"{what}: dari topik laporan."


def _quoted(hits: Iterable[Hit]) -> str:
    strongest = sorted(hits, key=lambda hit: (-hit.weight, hit.phrase))
    phrases = dict.fromkeys(hit.phrase.replace(" + ", " … ") for hit in strongest)
    return ", ".join(f"“{phrase}”" for phrase in list(phrases)[:MOST_WORDS])
