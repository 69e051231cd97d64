"""A table of fields as XML: `{sms = {"@id" = "1", to = "…"}}` is `<sms id="1"><to>…</to></sms>`."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from config.settings import SettingsError

NAME = re.compile(r"@?[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?")
TEXT = ""
# What XML 1.0 cannot say, not even escaped.
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def check_names(body: object, where: str) -> None:
    """SettingsError at `where` unless it is one element whose names XML knows."""
    if not isinstance(body, Mapping) or len(body) != 1 or not _is_element(next(iter(body.items()))):
        raise SettingsError(where, "must be a table with one element that holds the others")
    _check_children(body, where)


def xml_of(tree: Mapping[str, Any]) -> bytes:
    """UTF-8 with its declaration. Values are texts, numbers, truths, mappings and lists of those."""
    name, content = next(iter(tree.items()))
    root = Element(name)
    _fill(root, content)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _is_element(field: tuple[Any, Any]) -> bool:
    name, content = field
    return bool(name) and not str(name).startswith("@") and not isinstance(content, list)


def _check_children(node: object, where: str) -> None:
    if isinstance(node, list):
        for each in node:
            _check_children(each, where)
    elif isinstance(node, Mapping):
        for name, each in node.items():
            if name != TEXT and not NAME.fullmatch(str(name)):
                raise SettingsError(where, f"{name!r} is no name of an element or @attribute")
            _check_children(each, f"{where}.{name}")


def _fill(element: Element, content: Any) -> None:
    if not isinstance(content, Mapping):
        element.text = _text(content)
        return
    for name, each in content.items():
        if name == TEXT:
            element.text = _text(each)
        elif name.startswith("@"):
            element.set(name[1:], _text(each))
        else:
            for one in each if isinstance(each, list) else [each]:
                _fill(SubElement(element, name), one)


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return UNSPEAKABLE.sub("", text)
