"""Photographs of the month: what people take, where Telegram keeps it, and the real queue `attach` that fetches and cleans it."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import msgspec
from PIL import Image

from channels.messages import NOTHING
from channels.protocols import HttpResponse, Upload
from gateway.app import Gateway
from gateway.trials import month
from workers.attachments import Files
from workers.month.chance import chance

SPOTS = (18, 16)
"""As many as tell pictures from each other (CASEWORK 13)."""
SIZE = (288, 256)
FILE = re.compile(r"foto-[\w:-]+")


def picture(name: str) -> bytes:
    """A JPEG; the same name is the same picture, and no other looks like it."""
    drawn = Image.frombytes("L", SPOTS, chance("picture", name).randbytes(SPOTS[0] * SPOTS[1]))
    out = io.BytesIO()
    drawn.resize(SIZE).save(out, "JPEG", quality=82)
    return out.getvalue()


class Camera:
    """The way out, at whose other end Telegram keeps the pictures that were sent to it, by their names."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        query: Sequence[tuple[str, str]] | bytes = (),
        headers: Mapping[str, str] = NOTHING,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        uploads: Sequence[Upload] = (),
        body: bytes | None = None,
        connect_s: float = 5.0,
        read_s: float = 15.0,
        max_bytes: int = 2 * 1024 * 1024,
        trusted: bool = True,
    ) -> HttpResponse:
        """`getFile`, and the file behind the path that it told."""
        named = FILE.search(f"{url} {query!r} {json!r} {form!r}")
        if named is None:
            return HttpResponse(HTTPStatus.NOT_FOUND, b'{"ok": false, "error_code": 404, "description": "Not Found"}')
        if "/file/" in url:
            return HttpResponse(HTTPStatus.OK, picture(named[0]), {"content-type": "image/jpeg"})
        told = {"file_id": named[0], "file_unique_id": named[0], "file_path": f"photos/{named[0]}"}
        return HttpResponse(HTTPStatus.OK, msgspec.json.encode({"ok": True, "result": told}))


@dataclass(slots=True)
class Shelf:
    """The queue `attach`."""

    gateway: Gateway
    work: Files

    async def look(self) -> None:
        """Fetch, clean and keep everything that waits."""
        while self._waits():
            with self.gateway.store.transaction() as tx:
                claimed = self.work.claim(tx, [])
            done = [await self.work.carry(item) for item in claimed]
            with self.gateway.store.transaction() as tx:
                self.work.settle(tx, done)

    def _waits(self) -> bool:
        with self.gateway.store.reading() as tx:
            return month.files_wait(tx)


def open_shelf(gateway: Gateway, now: Callable[[], datetime]) -> Shelf:
    return Shelf(gateway, Files(gateway.channels, Camera(), gateway.office.files, now))
