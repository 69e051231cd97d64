"""SMS spelling and regional words into standard Indonesian, for the classifier's eyes only.

The citizen's text is never rewritten: what comes out of here is matched against word lists and thrown away.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from config.reference import Colloquial
from workers.classification.mending import Mender, without_digits

LONGEST_PHRASE = 4
MOST_WORDS = 150
"""Words that are looked at; whoever writes more has said what it is about by then."""
# Codes of the colloquial table that differ from BCP 47.
LANGUAGE_CODES = {"jav": "jv", "sun": "su"}

_TOKEN = re.compile(r"[a-zA-ZÀ-ɏ]+(?:['’][a-zA-ZÀ-ɏ]+)*\d?(?!\d)|\d+(?:[.,]\d+)*")
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+")
_STRETCHED = re.compile(r"(?<=[a-z])([a-z])\1{2,}")  # "cepattt"; not "pppk"
_LONGEST_VARIANT = 3
_SHORTEST_STEM = 4

# Enclitics and verb affixes only: pe-an, ke-an and -an change the meaning (rumah, perumahan), these do not.
_ENDINGS = ("nya", "lah", "kah", "pun")
_VERB_SUFFIXES = ("kan", "in", "i")
# Prefix -> first letters it stands before, and the letter it swallows before a vowel: menambal - tambal, memotong - potong,
# menyapu - sapu, mengirim - kirim. "n", "ny" and "ng" are the same in colloquial speech.
_VERB_PREFIXES = (
    ("di", "", ""), ("ber", "", ""), ("ter", "", ""), ("me", "lmnrwy", ""), ("meng", "aeioughk", "k"), ("meny", "", "s"),
    ("mem", "bfpv", "p"), ("men", "cdjtz", "t"), ("ng", "aeioughk", "k"), ("ny", "", "s"), ("n", "", "t"),
)  # fmt: skip
_NASAL = frozenset({"meng", "meny", "mem", "men", "me", "ng", "ny", "n"})
_VOWELS = "aiou"
# Whole words that only look derived: a bear is no money, "please" is no tree.
_WHOLE = frozenset({
    "beruang", "mohon", "memang", "dinas", "disiplin", "direksi", "mengapa", "mendawai", "berita", "terima",
    "terus", "beras", "media", "menteri", "merah", "makan", "nanti", "mengaji", "berapa", "berikan", "memberi",
    "memberikan", "diberi", "alami", "mengalami", "dialami", "tunai", "menular", "menularkan", "ditangani",
    "menangani", "tangani", "bekasi", "marah", "dinding", "terminal", "mesin", "mereka", "sekolah", "memori",
    "tengah", "ternak", "terasi", "terbit",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the classifier sees it: standard words in order, and what of them stands in word lists."""

    plain: tuple[str, ...]
    """Spelled out, endings kept: for names of places."""
    stems: tuple[str, ...]
    """Known word stems: for word lists."""
    grams: Mapping[str, Sequence[int]]
    """Runs of 1 to 4 stems that stand in a word list, joined by a space, with the positions where they begin."""
    meanings: tuple[str, ...] = ()
    """What the words mean, of those that stand in meanings.toml, in their order."""


class Normaliser:
    """Knows the colloquial table and the vocabulary of the word lists; `read` is pure."""

    def __init__(
        self,
        colloquial: Iterable[Colloquial],
        synonyms: Mapping[str, Mapping[str, str]],
        vocabulary: Iterable[str] = (),
        known: Iterable[str] = (),
        meanings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`synonyms`: language -> word -> what it is read as; they come before the colloquial table. `known`: words of any
        language, which are no misspelling of another. `meanings`: word -> what it means.
        """
        self._meanings = meanings
        self._regional = {
            language: {word: tuple(_split(standard)) for word, standard in words.items()}
            for language, words in synonyms.items()
        }
        self._always = self._regional.pop("id", {})
        for row in colloquial:
            language = LANGUAGE_CODES.get(row.language, row.language)
            table = self._always
            if row.is_ambiguous:
                # An ambiguous Indonesian short form (kl, smp) is left as it is: a wrong reading costs more than none.
                if language == "id":
                    continue
                table = self._regional.setdefault(language, {})
            table.setdefault(row.variant.lower(), tuple(_split(row.standard)))
        self._mender: Mender | None = None
        self._spellings = lru_cache(maxsize=64)(self._spellings_of)
        everywhere = self._spellings("id")
        self._vocabulary = frozenset(word for phrase in vocabulary for word in everywhere.spell_out(_split(phrase)))
        self._mender = Mender(self._vocabulary, known) if (known := frozenset(known)) else None
        self._spellings.cache_clear()
        self.stem = lru_cache(maxsize=20_000)(self._stem)
        self._listed: set[str] = set()
        self._longest: dict[str, int] = {}
        """First word of a listed phrase -> words of the longest that begins with it."""

    def read(self, text: str, language: str = "id") -> Words:
        plain = _unrepeated(self._spellings(language).spell_out(_split(without_links(text, _LINK))))[:MOST_WORDS]
        stems = tuple(map(self.stem, plain))
        meanings = map(self._meaning, plain, stems)
        return Words(plain, stems, self._grams(stems), tuple(one for one in meanings if one))

    def _meaning(self, word: str, stem: str) -> str:
        return self._meanings.get(word) or self._meanings.get(stem, "")

    def phrase(self, phrase: str) -> str:
        """A phrase of a word list in the form in which it occurs in `Words.grams`, from now on; empty when it cannot be
        told apart.

        A keyword that is also somebody's short form of an everyday word (`dpt`: dapat) would be found everywhere.
        """
        if len(self._always.get(phrase.strip().lower(), ("", ""))) == 1:
            return ""
        words = [self.stem(word) for word in self.plain(phrase)]
        if 0 < len(words) <= LONGEST_PHRASE:
            self._listed.add(" ".join(words))
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))
        return " ".join(words)

    def plain(self, phrase: str) -> tuple[str, ...]:
        """A name in the form in which it occurs in `Words.plain`."""
        return _unrepeated(self._spellings("id").spell_out(_split(phrase)))

    def _spellings_of(self, language: str) -> "_Spellings":
        words = self._always
        for code in language.split("+"):
            words = {**self._regional[code], **words} if code in self._regional else words
        mend = self._mender.mend if self._mender else _as_written
        return _Spellings(words, frozenset(variant.split(" ")[0] for variant in words if " " in variant), mend)

    def _grams(self, words: tuple[str, ...]) -> Mapping[str, Sequence[int]]:
        grams: dict[str, list[int]] = defaultdict(list)
        for start, word in enumerate(words):
            for length in range(1, self._longest.get(word, 0) + 1):
                gram = " ".join(words[start : start + length]) if length > 1 else word
                if gram in self._listed and start + length <= len(words):
                    grams[gram].append(start)
        return grams

    def _stem(self, word: str) -> str:
        """The shortest known stem that only enclitics and verb affixes separate from the word; else the word."""
        for candidate in _stripped(word) if word not in _WHOLE else ():
            if candidate in self._vocabulary:
                return self._stem(candidate)
        return word


@dataclass(frozen=True, slots=True)
class _Spellings:
    """How words are spelled out in one language."""

    words: Mapping[str, tuple[str, ...]]
    begins: frozenset[str]
    """First words of the variants that are several words."""
    mend: Callable[[str], tuple[str, ...]]
    """What a word is that stands in no table."""

    def spell_out(self, tokens: list[str]) -> list[str]:
        words: list[str] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            length = self._variant(tokens, position) if token in self.begins else 1
            standard = self.words.get(" ".join(tokens[position : position + length]) if length > 1 else token)
            if standard is None:
                # "jalan2": the digit two repeats the word.
                base = token[:-1] if len(token) > 2 and token[-1] == "2" and token[-2].isalpha() else token  # noqa: PLR2004
                standard = self.words.get(base) or self.mend(base)
            words.extend(standard)
            position += length
        return words

    def _variant(self, tokens: list[str], position: int) -> int:
        """Words of the longest variant that begins here, at least 1."""
        lengths = range(min(_LONGEST_VARIANT, len(tokens) - position), 1, -1)
        return next((length for length in lengths if " ".join(tokens[position : position + length]) in self.words), 1)


def without_links(text: str, links: re.Pattern[str]) -> str:
    """Most texts hold none, which is seen much faster than sought."""
    return links.sub(" ", text) if "@" in text or "://" in text or "www." in text else text


def _as_written(word: str) -> tuple[str, ...]:
    return (word,)


def _split(text: str) -> list[str]:
    text = without_digits(text.lower())
    tokens = _TOKEN.findall(text)
    # Most texts stretch nothing: one look at the whole, not one at every word.
    return [_STRETCHED.sub(r"\1", token) for token in tokens] if _STRETCHED.search(text) else tokens


def _unrepeated(words: list[str]) -> tuple[str, ...]:
    """`anak-anak` and `sarik-sarik` say no more than the word once."""
    return tuple([word for word, before in zip(words, chain(("",), words), strict=False) if word != before])


def _stripped(word: str) -> Iterable[str]:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM - 1:
            yield word[: -len(ending)]
    bodies = [word, *(word[: -len(end)] for end in _VERB_SUFFIXES if word.endswith(end))]
    for prefix, before, swallowed in _VERB_PREFIXES:
        for rest in (body[len(prefix) :] for body in bodies if body.startswith(prefix)):
            stems = []
            if prefix not in _NASAL or rest[:1] in before:
                stems.append(rest)
            if swallowed and rest[:1] in _VOWELS:
                stems.append(swallowed + rest)
            yield from (stem for stem in stems if len(stem) >= _SHORTEST_STEM)
    yield from (body for body in bodies[1:] if len(body) >= _SHORTEST_STEM)
