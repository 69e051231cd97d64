"""XML as the simulated provider reads and writes it: `@name` is an attribute, `""` the text beside children or attributes."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET


def read(body: bytes) -> dict[str, Any]:
    """The document with its root's name. ValueError for what is no XML."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - the gateway under trial wrote it
    except ET.ParseError as problem:
        raise ValueError(str(problem)) from problem
    return {root.tag: _value(root)}


def written(tree: Mapping[str, Any], root: str = "answer") -> bytes:
    """One document; what has several names at the top is put into `root`."""
    name, content = next(iter(tree.items())) if len(tree) == 1 else (root, tree)
    element = ET.Element(name)
    _fill(element, content)
    return bytes(ET.tostring(element, encoding="utf-8", xml_declaration=True))


def _value(element: ET.Element) -> Any:
    text = element.text or ""
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        if child.tag in found:
            same = found[child.tag]
            found[child.tag] = [*(same if isinstance(same, list) else [same]), _value(child)]
        else:
            found[child.tag] = _value(child)
    return found | ({"": text} if text.strip() else {}) if found else text


def _fill(element: ET.Element, content: Any) -> None:
    if not isinstance(content, Mapping):
        element.text = str(content)
        return
    for name, value in content.items():
        if name == "":
            element.text = str(value)
        elif name.startswith("@"):
            element.set(name[1:], str(value))
        else:
            for each in value if isinstance(value, list) else [value]:
                _fill(ET.SubElement(element, name), each)
