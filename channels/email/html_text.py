"""The words of an HTML mail: what its reader sees, links as text, quoted history marked by `>`. Nothing is ever loaded.

Takes any text in linear time: mails are made by strangers.
"""

import html
import re
from dataclasses import dataclass, field

UNSEEN = frozenset({"head", "title", "template", "svg", "math", "object", "noscript"})
NO_WORDS = re.compile(r"</(?:script|style)\b", re.IGNORECASE)
VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"})
BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "hr",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "blockquote",
        "section",
        "article",
        "header",
        "footer",
        "dt",
        "dd",
    ]
)
CELLS = frozenset({"td", "th"})
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|mso-hide\s*:\s*all", re.IGNORECASE
)
STYLE = re.compile(r"style\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
HIDDEN_WORD = re.compile(r"(?:^|\s)hidden(?:\s|=|$)", re.IGNORECASE)
NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]*)")
MOST_ATTRIBUTES = 4000
MOST_OPEN = 400
BLANKS = re.compile(r"[^\S\n]+")
EMPTY_LINES = re.compile(r"\n{3,}")


def plain_of(page: str) -> str:
    """The text of a page; never raises."""
    writer = _Writer()
    at = 0
    while at < len(page):
        opens = page.find("<", at)
        if opens < 0:
            break
        writer.words(page[at:opens])
        at = _tag(page, opens, writer)
    writer.words(page[at:])
    return writer.text()


def _tag(page: str, opens: int, writer: "_Writer") -> int:
    """Read what begins at `<`; where the text goes on."""
    if page.startswith("<!--", opens):
        ends = page.find("-->", opens + 4)
        return ends + 3 if ends >= 0 else len(page)
    if page.startswith(("<!", "<?"), opens):
        ends = page.find(">", opens)
        return ends + 1 if ends >= 0 else len(page)
    name = NAME.match(page, opens + 1)
    if name is None:
        writer.words("<")
        return opens + 1
    ends = _end_of(page, name.end())
    inside = page[name.end() : min(ends, name.end() + MOST_ATTRIBUTES)]
    if name[0].lower() in {"script", "style"}:
        closed = NO_WORDS.search(page, ends)
        return closed.start() if closed else len(page)
    if page[opens + 1] == "/":
        writer.close(name[1].lower())
    else:
        writer.open(name[1].lower(), inside)
    return ends + 1


def _end_of(page: str, at: int) -> int:
    """The `>` of a tag, not one within quotes; the end of the page where there is none."""
    ends = page.find(">", at)
    if ends < 0:
        return len(page)
    within = page[at:ends]
    for quote in ('"', "'"):
        if within.count(quote) % 2 and f"={quote}" in within.replace(" ", ""):
            closed = page.find(quote, ends, ends + MOST_ATTRIBUTES)
            further = page.find(">", closed) if closed >= 0 else -1
            return further if further >= 0 else ends
    return ends


@dataclass(slots=True)
class _Writer:
    pieces: list[str] = field(default_factory=list)
    opened: list[tuple[str, bool]] = field(default_factory=list)
    """(tag, whether it hides what is inside)."""
    unseen: int = 0
    quotes: int = 0
    link: str = ""
    link_from: int = 0

    def words(self, text: str) -> None:
        if text and not self.unseen:
            self._put(html.unescape(text).replace("\n", " ").replace("\xa0", " "))

    def _put(self, text: str) -> None:
        self.pieces.append(text)

    def _line(self) -> None:
        self._put("\n" + "> " * min(self.quotes, 5))

    def open(self, tag: str, inside: str) -> None:
        if tag in BLOCKS and not self.unseen:
            self._line()
        if tag in CELLS and not self.unseen:
            self._put(" ")
        if tag in VOID or inside.rstrip().endswith("/") or len(self.opened) >= MOST_OPEN:
            return
        hides = tag in UNSEEN or _hides(inside)
        self.opened.append((tag, hides))
        self.unseen += hides
        self._begin(tag, inside)

    def _begin(self, tag: str, inside: str) -> None:
        if tag == "blockquote":
            self.quotes += 1
            if not self.unseen:
                self._line()
        elif tag == "a" and not self.unseen:
            self.link, self.link_from = _target(inside), len(self.pieces)

    def close(self, tag: str) -> None:
        names = [name for name, _ in self.opened[-20:]]
        if tag not in names:
            return
        while self.opened:
            name, hides = self.opened.pop()
            self.unseen -= hides
            self._end(name)
            if name == tag:
                break
        if tag in BLOCKS and not self.unseen:
            self._line()

    def _end(self, tag: str) -> None:
        if tag == "blockquote":
            self.quotes -= 1
        elif tag == "a" and self.link and not self.unseen:
            shown = "".join(self.pieces[self.link_from :])
            if self.link not in shown:
                self._put(f" ({self.link})")
            self.link = ""

    def text(self) -> str:
        lines = (BLANKS.sub(" ", line).strip() for line in "".join(self.pieces).split("\n"))
        return EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _hides(inside: str) -> bool:
    style = STYLE.search(inside)
    return HIDDEN_WORD.search(inside) is not None or bool(style and HIDDEN.search(style[1] or style[2] or ""))


def _target(inside: str) -> str:
    found = HREF.search(inside)
    address = html.unescape(found[1] or found[2] or found[3] or "").strip() if found else ""
    return address if address.startswith(("http://", "https://")) and len(address) <= 500 else ""  # noqa: PLR2004
