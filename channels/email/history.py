"""What somebody wrote, without what a mail program put below it: quoted history, signatures, advertising of telephones."""

import re
from itertools import pairwise

ATTRIBUTION = re.compile(r"\s*(?:pada|on|le|am)\b.{1,400}\b(?:menulis|wrote)\s*:\s*", re.IGNORECASE)
BEGINS = re.compile(r"\s*(?:pada|on)\s+\S", re.IGNORECASE)
ORIGINAL = re.compile(
    r"\s*-{2,}\s*(?:original message|pesan asli|forwarded message|pesan terusan|pesan diteruskan)\s*-{2,}\s*",
    re.IGNORECASE,
)
FROM = re.compile(r"\s*\*?(?:dari|from)\s*:\*?\s*\S.*", re.IGNORECASE)
SENT = re.compile(r"\s*\*?(?:dikirim|sent|tanggal|date|kepada|to)\s*:\*?\s*\S.*", re.IGNORECASE)
SIGNATURE = re.compile(r"--\s*")
TELEPHONE = re.compile(
    r"\s*(?:sent from my|sent from outlook|dikirim dari|get outlook for|dapatkan outlook)\b.*", re.IGNORECASE
)
RULE = re.compile(r"\s*[_\-=*]{5,}\s*")
LONGEST_LINE = 500
WRAPPED = 3
"""Lines over which a long attribution may be broken."""
HEAD_WITHIN = 4
FEWEST = 2


def own_words(text: str) -> str:
    """The text as it was written now; empty where all of it is history."""
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at][:LONGEST_LINE]
        if SIGNATURE.fullmatch(line) or _ends_all(lines, at):
            break
        wrapped = _attribution(lines, at)
        if wrapped:
            at += wrapped
            if not _is_quoted_below(lines, at):
                break
            continue
        if not line.lstrip().startswith(">"):
            kept.append(lines[at])
        at += 1
    return "\n".join(_tidy(kept))


def _ends_all(lines: list[str], at: int) -> bool:
    """Whether the rest is a mail that was put below whole, as Outlook does."""
    line = lines[at][:LONGEST_LINE]
    if ORIGINAL.fullmatch(line):
        return True
    if not FROM.fullmatch(line):
        return False
    below = [each[:LONGEST_LINE] for each in lines[at + 1 : at + 1 + HEAD_WITHIN]]
    return sum(bool(SENT.fullmatch(each)) for each in below) >= FEWEST


def _attribution(lines: list[str], at: int) -> int:
    """Over how many lines `Pada … menulis:` stands here; 0 where it does not."""
    if not BEGINS.match(lines[at][:LONGEST_LINE]):
        return 0
    for count in range(1, WRAPPED + 1):
        whole = " ".join(line[:LONGEST_LINE].strip() for line in lines[at : at + count])
        if ATTRIBUTION.fullmatch(whole[:LONGEST_LINE]):
            return count
    return 0


def _is_quoted_below(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 10] if line.strip()), "")
    return following.lstrip().startswith(">")


def _tidy(lines: list[str]) -> list[str]:
    """Without blank lines, rules and a telephone's advertising at the ends, and never two blank lines together."""
    said = [at for at, line in enumerate(lines) if line.strip() and not _is_nothing(line)]
    if not said:
        return []
    lines = lines[said[0] : said[-1] + 1]
    double = [False, *(not before.strip() and not after.strip() for before, after in pairwise(lines))]
    return [line.rstrip() for line, again in zip(lines, double, strict=False) if not again]


def _is_nothing(line: str) -> bool:
    return bool(RULE.fullmatch(line[:LONGEST_LINE]) or TELEPHONE.fullmatch(line[:LONGEST_LINE]))
