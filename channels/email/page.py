"""A message of ours as a page beside its plain text: the same words, escaped, addresses as links, nothing loaded from anywhere."""

import html
import re
from collections.abc import Iterator, Sequence

PARAGRAPHS = re.compile(r"\n{2,}")
# What ends a sentence does not end an address.
ADDRESS = re.compile(r"https?://[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]]")
PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n<body>\n{}\n</body></html>\n'


def page_of(text: str, links: Sequence[tuple[str, str]]) -> str:
    """`links`: label and address of what stands below the text."""
    paragraphs = [_linked(paragraph).replace("\n", "<br>\n") for paragraph in PARAGRAPHS.split(text.strip("\n"))]
    paragraphs += [_anchor(url, label) for label, url in links]
    return PAGE.format("\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))


def _linked(text: str) -> str:
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    end = 0
    for found in ADDRESS.finditer(text):
        yield html.escape(text[end : found.start()])
        yield _anchor(found[0], found[0])
        end = found.end()
    yield html.escape(text[end:])


def _anchor(url: str, label: str) -> str:
    return f'<a href="{html.escape(url)}">{html.escape(label)}</a>'
