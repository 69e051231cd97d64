"""Which uploaded files are taken: by their first bytes, never by their name. Source: docs/channels/web_form.md."""

from collections.abc import Sequence

from channels.file_types import base_name, media_type_of
from channels.messages import AttachmentRef
from channels.web_form.form import UploadedFile


def accept(
    files: Sequence[UploadedFile], nonce: str, max_files: int, max_bytes: int
) -> tuple[tuple[AttachmentRef, ...], frozenset[str]]:
    """(what is taken, remarks on what is not). A file never costs the text: the page says what was left out."""
    taken: list[AttachmentRef] = []
    remarks: set[str] = set()
    for file in files:
        kind = media_type_of(file.content)
        if not kind:
            remarks.add("file_type")
        elif len(file.content) > max_bytes:
            remarks.add("file_too_large")
        elif len(taken) == max_files:
            remarks.add("too_many_files")
        else:
            ref = f"{nonce}/{len(taken) + 1}"
            taken.append(AttachmentRef(ref, kind, len(file.content), base_name(file.name), content=file.content))
    return tuple(taken), frozenset(remarks)
