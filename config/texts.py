"""All words that a person reads, by key: `texts("rx.receipt", "id", tiket="KBR-260001235")`.

Files `config/texts/<language>/<area>.toml`; nested tables give dotted keys (`[rx] receipt = "…"` is `rx.receipt`), the area
has no part in the key. Fill-ins are written `{tiket}`. Indonesian is complete and leads, other languages follow it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

LEADING = "id"
FILL_IN = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Words = str | tuple[str, ...]
NO_WORDS: Mapping[str, Words] = MappingProxyType({})


class TextError(Exception):
    """A text that is missing, or that cannot be filled in. A fault of ours, found by tests and at start."""


class Texts:
    """The texts of some languages. Immutable; one per process."""

    def __init__(self, tables: Mapping[str, Mapping[str, Words]]) -> None:
        """`tables`: language -> key -> text, or several words for lists such as the synonyms of a command."""
        self._tables = MappingProxyType({language: MappingProxyType(dict(table)) for language, table in tables.items()})
        self._versions: Mapping[tuple[str, str], int] = MappingProxyType({})

    @classmethod
    def load(cls, languages: Iterable[str] = ("id", "en")) -> "Texts":
        """The texts that ship with the product. TextError for a broken file or a key that two areas both have."""
        folder = files("config").joinpath("texts")
        return cls({language: _read_language(folder.joinpath(language), language) for language in languages})

    def changed(self, changes: Mapping[tuple[str, str], tuple[str, int]]) -> "Texts":
        """These texts with words of an office's own: (language, key) -> (text, version). This object stays as it is."""
        tables = {language: dict(table) for language, table in self._tables.items()}
        for (language, key), (text, _) in changes.items():
            tables.setdefault(language, {})[key] = text
        made = Texts(tables)
        made._versions = MappingProxyType({place: version for place, (_, version) in changes.items()})
        return made

    def version(self, key: str, language: str = LEADING) -> int | None:
        """Which version of an office's own words is spoken here; None for the words of the product."""
        return self._versions.get((language if key in self._of(language) else LEADING, key))

    def __call__(self, key: str, language: str = LEADING, **values: object) -> str:
        """The text of `key`, filled in. A language that lacks it is spoken for by Indonesian.

        TextError when nobody has the key or a fill-in has no value.
        """
        text = self._find(key, language)
        if not isinstance(text, str):
            raise TextError(f"{key} is a list of words; ask words()")

        def fill(place: re.Match[str]) -> str:
            name = place[1]
            if name not in values:
                raise TextError(f"{key} ({language}) needs a value for {{{name}}}")
            return str(values[name])

        return FILL_IN.sub(fill, text)

    def words(self, key: str, language: str = LEADING) -> tuple[str, ...]:
        """A list of words; a single text counts as a list of one."""
        text = self._find(key, language)
        return (text,) if isinstance(text, str) else text

    def has(self, key: str, language: str = LEADING) -> bool:
        return key in self._of(language) or key in self._of(LEADING)

    def keys(self, language: str = LEADING) -> frozenset[str]:
        return frozenset(self._of(language))

    def fill_ins(self, key: str, language: str = LEADING) -> frozenset[str]:
        """Names of the values that the text of `key` asks for."""
        return frozenset(name for text in self.words(key, language) for name in FILL_IN.findall(text))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def problems(self) -> list[str]:
        """What differs between the languages: keys, and the values that a text asks for. Empty = all is well."""
        leading = self._of(LEADING)
        found: list[str] = []
        for language, table in self._tables.items():
            found += [f"{key}: missing in {language}" for key in sorted(leading.keys() - table.keys())]
            found += [f"{key}: in {language}, missing in {LEADING}" for key in sorted(table.keys() - leading.keys())]
            for key in sorted(table.keys() & leading.keys()):
                if extra := self.fill_ins(key, language) - self.fill_ins(key, LEADING):
                    found.append(f"{key}: {language} asks for {', '.join(sorted(extra))}, {LEADING} does not")
        return found

    def check(self, required: Iterable[str] = ()) -> None:
        """TextError when the leading language lacks one of `required`, or when the languages disagree."""
        missing = [f"{key}: missing in {LEADING}" for key in required if key not in self._of(LEADING)]
        if found := missing + self.problems():
            raise TextError("; ".join(found))

    def _of(self, language: str) -> Mapping[str, Words]:
        return self._tables.get(language, NO_WORDS)

    def _find(self, key: str, language: str) -> Words:
        for spoken in (language, LEADING):
            if (text := self._of(spoken).get(key)) is not None:
                return text
        raise TextError(f"no text {key!r}")


@cache
def shipped() -> Texts:
    """The texts of the product, read and checked once in a process and those that are forked from it."""
    texts = Texts.load()
    texts.check()
    return texts


@cache
def keys_of(area: str) -> tuple[str, ...]:
    """The keys of one file in its order, without lists of words."""
    file = files("config").joinpath("texts", LEADING, f"{area}.toml")
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(key for key, text in _flatten(content, f"{LEADING}/{area}.toml") if isinstance(text, str))


def _read_language(folder: Traversable, language: str) -> Mapping[str, Words]:
    if not folder.is_dir():
        raise TextError(f"no texts in language {language!r}")
    table: dict[str, Words] = {}
    for file in sorted(folder.iterdir(), key=lambda found: found.name):
        if not file.name.endswith(".toml"):
            continue
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as problem:
            raise TextError(f"{language}/{file.name}: {problem}") from problem
        for key, text in _flatten(content, f"{language}/{file.name}"):
            if key in table:
                raise TextError(f"{language}/{file.name}: {key} stands in another file too")
            table[key] = text
    return table


def _flatten(tree: Mapping[str, object], file: str, prefix: str = "") -> Iterator[tuple[str, Words]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flatten(value, file, f"{key}.")
        elif isinstance(value, str):
            yield key, value.strip("\n")
        elif isinstance(value, list) and all(isinstance(word, str) for word in value):
            yield key, tuple(value)
        else:
            raise TextError(f"{file}: {key} must be a text or a list of texts")
