"""XML and JSON of Open311 from one and the same content, so that neither can say what the other does not.

Source: docs/forwarders/open311.md § Formats. Codes and ids are strings in both: programs that read numbers lose leading zeros.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

XML, JSON = "xml", "json"
MEDIA_TYPES: Mapping[str, str] = {XML: "text/xml", JSON: "application/json"}
"""By the suffix of an address; there is no other way to ask for a format."""
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
ITEMS: Mapping[str, str] = {"endpoints": "endpoint", "formats": "format", "attributes": "attribute", "values": "value"}
"""Name of a list -> name of one element of it in XML."""
# XML 1.0 cannot hold these at all, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Content = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Fields in the order of the standard. Values: text, bool, numbers, None (an empty number or date), lists, mappings."""


def write(suffix: str, root: str, item: str, content: Content) -> bytes:
    """The body. `root` and `item` name the elements of XML; a mapping has no items."""
    if suffix == JSON:
        return msgspec.json.encode(_cleaned(content))
    top = Element(root)
    if isinstance(content, Mapping):
        _add_fields(top, content)
    else:
        for one in content:
            _add_fields(SubElement(top, item), one)
    # A bare CR would be read as a line end.
    body: bytes = tostring(top, encoding="utf-8")
    return DECLARATION + body.replace(b"\r", b"&#13;")


def writable(text: str) -> str:
    """Without the code points that XML 1.0 forbids; JSON leaves them out too."""
    return _UNWRITABLE.sub("", text)


def _add_fields(parent: Element, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        child = SubElement(parent, name)
        if isinstance(value, Mapping):
            _add_fields(child, value)
        elif isinstance(value, list | tuple):
            for one in value:
                _add(SubElement(child, ITEMS[name]), one)
        else:
            _add(child, value)


def _add(element: Element, value: Any) -> None:
    if isinstance(value, Mapping):
        _add_fields(element, value)
    else:
        element.text = _text(value)


def _text(value: Any) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case _:
            return writable(str(value))


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return writable(value)
        case Mapping():
            return {name: _cleaned(one) for name, one in value.items()}
        case list() | tuple():
            return [_cleaned(one) for one in value]
        case _:
            return value
