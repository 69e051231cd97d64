"""A multipart body of plain fields and files. Needed where a form must be multipart even without a file."""

import hashlib
from collections.abc import Mapping, Sequence

from channels.protocols import Upload


def encode(fields: Mapping[str, str], uploads: Sequence[Upload] = ()) -> tuple[str, bytes]:
    """(content type, body). The boundary is made from the content, so the same form gives the same bytes."""
    parts = [(f'name="{name}"', "", value.encode()) for name, value in fields.items()]
    parts += [
        (f'name="{file.field}"; filename="{file.name}"', f"Content-Type: {file.media_type}\r\n", file.content)
        for file in uploads
    ]
    boundary = "satupintu-" + hashlib.sha256(b"".join(content for _, _, content in parts)).hexdigest()[:32]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for named, kind, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
