"""Enough of PromQL to tell an expression from a misspelt one, and which metrics, labels and values it names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w\[])|(?P<word>[a-zA-Z_]\w*)|(?P<text>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<range>\[\d+[smhdw]\])|(?P<sign>=~|!~|==|!=|>=|<=|[-+*/<>=(){},]))"
)
AGGREGATIONS = {"sum", "min", "max", "avg", "count"}
FUNCTIONS = {"rate": 1, "increase": 1, "delta": 1, "time": 0, "absent": 1, "histogram_quantile": 2, "vector": 1}
NEED_RANGE = {"rate", "increase", "delta"}
OPERATORS = {"and", "or", "unless", "==", "!=", ">", "<", ">=", "<=", "+", "-", "*", "/"}
MATCHES = {"=", "!=", "=~", "!~"}


@dataclass(frozen=True)
class Selector:
    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    range: str = ""


@dataclass
class Expression:
    selectors: list[Selector] = field(default_factory=list)
    grouped_by: set[str] = field(default_factory=set)
    ranged: list[tuple[str, str]] = field(default_factory=list)
    """(function, metric) of everything that looks back over a range."""


def parse(text: str) -> Expression:
    """ValueError that names the place for anything that is no expression of this kind."""
    parser = _Parser(text)
    parser.binary()
    if parser.peek()[1]:
        raise ValueError(f"{text!r}: not expected: {parser.peek()[1]!r}")
    return parser.found


def values(matcher: tuple[str, str, str]) -> Iterator[str]:
    """The values that a matcher names; alternatives of a regular expression one by one."""
    yield from matcher[2].split("|") if matcher[1] in {"=~", "!~"} else (matcher[2],)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.at = 0
        self.found = Expression()

    def _tokens(self) -> Iterator[tuple[str, str]]:
        at, text = 0, self.text.strip()
        while at < len(text):
            token = TOKEN.match(text, at)
            if token is None:
                raise ValueError(f"{self.text!r}: not understood at {text[at : at + 20]!r}")
            yield str(token.lastgroup), token[token.lastgroup or 0]
            at = token.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def take(self, *wanted: str) -> str:
        kind, value = self.peek()
        if wanted and value not in wanted and kind not in wanted:
            raise ValueError(f"{self.text!r}: {wanted} expected, not {value!r}")
        self.at += 1
        return value

    def binary(self) -> None:
        self.operand()
        while self.peek()[1] in OPERATORS:
            self.take()
            self.operand()

    def operand(self) -> None:
        kind, value = self.peek()
        if kind == "number":
            self.take()
        elif value == "(":
            self.take()
            self.binary()
            self.take(")")
        elif value in AGGREGATIONS:
            self.aggregation()
        elif value in FUNCTIONS:
            self.function()
        else:
            self.selector()

    def aggregation(self) -> None:
        self.take()
        if self.peek()[1] == "by":
            self.take()
            self.take("(")
            self.found.grouped_by.add(self.take("word"))
            while self.take(",", ")") == ",":
                self.found.grouped_by.add(self.take("word"))
        self.take("(")
        self.binary()
        self.take(")")

    def function(self) -> None:
        name, before = self.take(), len(self.found.selectors)
        self.take("(")
        for argument in range(FUNCTIONS[name]):
            if argument:
                self.take(",")
            self.binary()
        self.take(")")
        ranges = [one.range for one in self.found.selectors[before:]]
        if name in NEED_RANGE:
            if not all(ranges):
                raise ValueError(f"{self.text!r}: {name} needs a range")
            self.found.ranged += [(name, one.metric) for one in self.found.selectors[before:]]

    def selector(self) -> None:
        metric, matchers = self.take("word"), []
        if self.peek()[1] == "{":
            self.take()
            while self.peek()[1] != "}":
                matchers.append((self.take("word"), self.take(*MATCHES), self.take("text")[1:-1]))
                if self.peek()[1] == ",":
                    self.take()
            self.take("}")
        span = self.take() if self.peek()[0] == "range" else ""
        self.found.selectors.append(Selector(metric, tuple(matchers), span))
