"""What a report tells of an incident, as far as another report of it would tell it too: things, troubles, names, numbers. Pure.

People who see one lamp write "PJU mati", "lampune peteng" and "penerangan tidak menyala". What they share is the thing, the
trouble and the name of the street. What comes out of here is compared and thrown away; no text is changed.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from config.reference.incidents import Groups, IncidentWords
from gateway.complaints.masking import TOKEN as MASK

MOST_WORDS = 150
KEPT = 2_000
"""Texts whose reading is kept: the neighbours of one report are those of the next."""
NOT = "tidak"
ORDINARY = 0.6
"""As rare as this a word is no name."""
LONGEST_NAME = 2
"""Words of the name of a street or a market that count."""
# Signs end a name, and so does a full stop behind more than a short form ("jl. Merak").
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[,;:!?()\n]|(?<=\w{4})\.(?=\s)")
END = ""
"""Stands for such a sign among the stems."""
_SHORTEST_STEM = 4
_ENDINGS = ("nya", "lah", "kah", "pun")
_SUFFIXES = ("kan", "an", "i")
# Prefix -> first letters it stands before (any when empty), and the letter that it swallows before a vowel. A wrong cut does
# no harm here: it is wrong in both texts.
_PREFIXES = (
    ("meng", "aeioughk", "k"), ("meny", "", "s"), ("mem", "bfpv", "p"), ("men", "cdjtz", "t"), ("me", "lmnrwy", ""),
    ("mang", "aeioughk", "k"), ("many", "", "s"), ("mam", "bfpv", "p"), ("man", "cdjtz", "t"),
    ("di", "", ""), ("ber", "", ""), ("ter", "", ""), ("ke", "", ""), ("ny", "", "s"), ("ng", "", "k"), ("n", "", "t"),
)  # fmt: skip
_WHOLE_WORDS_TOO = frozenset({"di", "ber", "ter", "ke"})
_NASAL_ONLY = frozenset({"ny", "ng", "n", "meny", "many"})
_VOWELS = "aiueo"
_WHOLE = frozenset(
    {
        "berobat",
        "perumahan",
        "kelurahan",
        "makanan",
        "pengajian",
        "beruang",
        "meteran",
        "jaringan",
        "terbalik",
        "bolak",
        "balik",
        "terbuka",
        "mesin",
        "dibuka",
    }
)
"""What is something else than its stem."""
_SCHOOLS = {
    "sd": "sd", "sdn": "sd", "smp": "smp", "smpn": "smp", "sma": "sma", "sman": "sma", "smk": "smk", "smkn": "smk",
    "tk": "tk", "mts": "mts", "mtsn": "mts",
}  # fmt: skip
_COUNTED = {"rt": "rt", "rw": "rw", "km": "km", "blok": "blok", "tps": "tps"}
_MONEY = {"rb": "ribu", "ribu": "ribu", "rebu": "ribu", "jt": "juta", "juta": "juta"}
_BETWEEN = frozenset({"negeri", "n", "no", "nomor", "swasta"})
Token = tuple[str, str]
"""A word as it is written, in small letters, and its stem."""
Phrases = Mapping[tuple[str, ...], frozenset[str]]
"""Stems of one or two words -> what they are words for."""


@dataclass(frozen=True, slots=True)
class _Found:
    tokens: tuple[Token, ...]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Telling:
    """`words`: what was said -> how rare that is, 0..1, with the word as it was written in `written`.

    `names`: kind (`street`, `spot`, `school`, `rt`, `rw`, `km`, `blok`, `amount`) -> what the text names of it.
    """

    words: Mapping[str, float]
    written: Mapping[str, str]
    things: Mapping[str, float]
    sites: Mapping[str, float]
    troubles: Mapping[str, float]
    """Code -> how rarely people report it, 0..1."""
    names: Mapping[str, frozenset[str]]
    joined: Mapping[str, tuple[str, str]]
    """Two neighbours written as one (`indrasari`) -> the two."""


class Teller:
    """Reads texts, and names of areas. Knows the lists, the spellings and how often words are said; its functions are pure."""

    def __init__(self, lists: IncidentWords, spellings: Mapping[str, str], sentences: Iterable[str]) -> None:
        """`spellings`: variant -> standard, each one word. `sentences`: by which a word is frequent or rare."""
        self._lists = lists
        self._spellings = spellings
        self._never = frozenset(stem for word in lists.never for stem in (self._stem_of(word), stem_of(word)))
        self._things = self._phrases(lists.things)
        self._sites = self._phrases(lists.sites)
        self._troubles = self._phrases(lists.troubles)
        self._all = {**self._phrases(lists.words), **self._troubles, **self._sites, **self._things}
        self._often: Counter[str] = Counter()
        self._sentences = 0
        for sentence in sentences:
            self._sentences += 1
            self._often.update(set(self._said(self._tokens(sentence))))
        self.read = lru_cache(maxsize=KEPT)(self._read)
        self.plain = lru_cache(maxsize=KEPT)(self._plain)
        self.names = lru_cache(maxsize=KEPT)(self._name_words)

    def _plain(self, text: str) -> frozenset[str]:
        """The words of a name, as they stand in `Telling`."""
        tokens = self._tokens(text)
        return frozenset(stem for _, stem in tokens if stem != END) | self._said(tokens).keys()

    def _name_words(self, text: str) -> frozenset[str]:
        """The words of a name, as they stand in `Telling.names`."""
        return frozenset(word for word, stem in self._tokens(text) if stem != END)

    def _read(self, text: str) -> Telling:
        tokens = self._tokens(text)
        said = self._said(tokens)
        return Telling(
            words={word: self._rarity(word) for word in said},
            written=said,
            things=self._codes(tokens, self._things),
            sites=self._codes(tokens, self._sites),
            troubles=self._codes(tokens, self._troubles),
            names=self._names(tokens),
            joined={stem_of(one + two): (one, two) for one, two in pairwise(said)},
        )

    def _said(self, tokens: Sequence[Token]) -> dict[str, str]:
        """What counts -> as it was first written; words for one thing are one word."""
        said: dict[str, str] = {}
        for found in _phrases_in(tokens, self._all):
            written = " ".join(word for word, _ in found.tokens)
            for _, stem in found.tokens if not found.codes else ():
                if stem not in self._never and not stem.isdigit() and len(stem) > 1:
                    said.setdefault(stem, written)
            if found.codes:
                said.setdefault(min(found.codes), written)
        return said

    def _codes(self, tokens: Sequence[Token], phrases: Phrases) -> dict[str, float]:
        return {code: self._rarity(code) for found in _phrases_in(tokens, phrases) for code in found.codes}

    def _rarity(self, word: str) -> float:
        return math.log((1 + self._sentences) / (1 + self._often[word])) / math.log(1 + self._sentences)

    def _names(self, tokens: Sequence[Token]) -> dict[str, frozenset[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        for at, (written, _) in enumerate(tokens):
            if written in _SCHOOLS:
                names["school"].update(f"{_SCHOOLS[written]} {number}" for number in _number_after(tokens, at))
            elif written in _MONEY:
                names["amount"].update(
                    f"{before} {_MONEY[written]}" for before, _ in tokens[max(0, at - 1) : at] if before.isdigit()
                )
            elif written in _COUNTED:
                names[_COUNTED[written]].update(_number_after(tokens, at))
            elif written in self._lists.streets or written in self._lists.spots:
                names["street" if written in self._lists.streets else "spot"].update(self._name_after(tokens, at))
        return {kind: frozenset(found) for kind, found in names.items() if found}

    def _name_after(self, tokens: Sequence[Token], at: int) -> Iterator[str]:
        """The words of one name: `indra sari`."""
        name: list[str] = []
        for written, stem in tokens[at + 1 : at + 1 + LONGEST_NAME]:
            is_name = written.isalpha() and stem not in self._never and self._rarity(stem) > ORDINARY
            if not is_name or (stem,) in self._all or written in self._lists.streets or written in _COUNTED:
                break
            name.append(written)
        if len("".join(name)) > 1:
            yield " ".join(name)

    def _phrases(self, table: Groups) -> dict[tuple[str, ...], frozenset[str]]:
        phrases: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for code, said in table.items():
            for phrase in said:
                phrases[tuple(stem for _, stem in self._tokens(phrase))].add(code)
        return {phrase: frozenset(codes) for phrase, codes in phrases.items()}

    def _tokens(self, text: str) -> list[Token]:
        """Words in small letters and spelled out, each with its stem."""
        # What stands in for a name or a number is nobody's word.
        said = MASK.sub(" ", text) if "[" in text else text
        found = _TOKEN.findall(unicodedata.normalize("NFKC", said).casefold())[:MOST_WORDS]
        return [self._token(word) for word in found]

    def _token(self, word: str) -> Token:
        if not word[0].isalnum():
            return word, END
        if word.isdigit():
            number = word.lstrip("0") or "0"
            return number, number
        return word, self._stem_of(word)

    def _stem_of(self, word: str) -> str:
        word = self._spellings.get(word, word)
        return NOT if word in self._lists.negations else stem_of(word)


def _phrases_in(tokens: Sequence[Token], phrases: Phrases) -> Iterator[_Found]:
    """Every word once, alone or with the next: phrases of two words before single ones."""
    at = 0
    while at < len(tokens):
        both = tokens[at : at + 2]
        # Between "not" and what is not there may stand one word.
        apart = [tokens[at], *tokens[at + 2 : at + 3]] if tokens[at][1] == NOT else both
        for pair in (both, apart):
            if codes := phrases.get(tuple(stem for _, stem in pair)) if len(pair) > 1 else None:
                yield _Found(tuple(pair), codes)
                at += 1
                break
        else:
            yield _Found((tokens[at],), phrases.get((tokens[at][1],), frozenset()))
        at += 1


def _number_after(tokens: Sequence[Token], at: int) -> Iterable[str]:
    following = (written for written, _ in tokens[at + 1 : at + 3] if written not in _BETWEEN)
    number = next(following, "")
    return [number] if number.isdigit() else []


@lru_cache(maxsize=20_000)
def stem_of(word: str) -> str:
    """Without enclitics, verb affixes and -an, as long as enough is left; only good for comparing with another stem."""
    if word in _WHOLE:
        return word
    word = _unprefixed(_without(_without(word, _ENDINGS), _SUFFIXES))
    # "tumpukan" is tumpuk with -an or tumpu with -kan: without the k both are one.
    return word[:-1] if word.endswith("k") and word[-2:-1] in _VOWELS and len(word) > _SHORTEST_STEM else word


def _without(word: str, endings: Iterable[str]) -> str:
    found = (word.removesuffix(ending) for ending in endings if word.endswith(ending))
    return next((rest for rest in found if len(rest) >= _SHORTEST_STEM), word)


def _unprefixed(word: str) -> str:
    for prefix, before, swallowed in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest == word:
            continue
        whole = swallowed + rest if swallowed and rest[:1] in _VOWELS else rest
        stands = whole != rest or prefix in _WHOLE_WORDS_TOO or (prefix not in _NASAL_ONLY and rest[:1] in before)
        if stands and len(whole) >= _SHORTEST_STEM:
            return whole
    return word
