"""XML of a stranger -> plain values, without ever reading a declaration of types or entities (SECURITY C20).

Expat reads it; a DOCTYPE ends the reading at once, so that nothing can be fetched by it or grow out of it.
"""

from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

DEEPEST = 20
MOST_ELEMENTS = 200_000


class XmlRefused(ValueError):
    """Not well-formed, in an unknown encoding, with a DTD, or larger than any list of requests; the text says which."""


def read_xml(body: bytes, *, attributes: bool = False) -> Any:
    """What the root holds: text, a mapping of child names, or a list where a name repeats itself.

    With `attributes` they stand as `@name` beside the children, and the text of an element that has them as `""`.
    """
    reader = _Reader(attributes=attributes)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_dtd
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as problem:
        raise XmlRefused(f"not well-formed: {expat.ErrorString(problem.code)}") from None
    except LookupError:
        raise XmlRefused("an encoding that nobody knows") from None
    return reader.root


def _refuse_dtd(*_declared: object) -> None:
    raise XmlRefused("a DTD")


class _Reader:
    def __init__(self, *, attributes: bool) -> None:
        self.root: Any = None
        self._with_attributes = attributes
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._count = 0

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or self._count > MOST_ELEMENTS:
            raise XmlRefused("too large")
        given = {f"@{key}": value for key, value in attributes.items()} if self._with_attributes else {}
        self._open.append((name, given, []))

    def text(self, content: str) -> None:
        self._open[-1][2].append(content)

    def end(self, name: str) -> None:
        _, children, content = self._open.pop()
        text = "".join(content).strip()
        value: Any = children or text
        if self._with_attributes and children and text:
            children[""] = text
        if not self._open:
            self.root = value
            return
        siblings = self._open[-1][1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]
