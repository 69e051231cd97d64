"""Names of folders as IMAP writes them: letters outside ASCII in its own UTF-7 (RFC 3501, 5.1.3)."""

import base64
import re

OUTSIDE = re.compile(r"[^\x20-\x7e]+|&")


def on_the_wire(name: str) -> str:
    """`Aduan/Sudah é` -> `Aduan/Sudah &AOk-`; `&` alone is `&-`."""
    return OUTSIDE.sub(_shifted, name)


def quoted(name: str) -> str:
    """As a quoted string of a command."""
    written = on_the_wire(name)
    return '"' + written.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(found: "re.Match[str]") -> str:
    if found[0] == "&":
        return "&-"
    octets = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass"))
    return f"&{octets.decode().rstrip('=').replace('/', ',')}-"
