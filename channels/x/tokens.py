"""The account's token: used until X refuses it, then asked for anew and kept in a file, for X takes each refresh token once."""

import asyncio
import json
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

from channels.errors import ChannelError, ChannelStopped, TemporaryFailure
from channels.json_object import json_object
from channels.protocols import Http
from channels.x.settings import XSettings

MOST_ANSWERED = 64 * 1024


class UserToken:
    """Several processes share the file: who is refused looks first whether another has a newer pair."""

    def __init__(self, settings: XSettings) -> None:
        self._settings = settings
        self._access = settings.token.reveal()
        self._refresh = settings.refresh_token.reveal() if settings.refresh_token else ""
        self._turn = asyncio.Lock()
        self._load()

    @property
    def current(self) -> str:
        return self._access

    async def renew(self, refused: str, http: Http) -> None:
        """A token other than `refused`. ChannelStopped where there is none to be had, TemporaryFailure for the time being."""
        async with self._turn:  # of several messages that were refused at once, one asks
            self._load()
            if self._access != refused:
                return
            if not self._refresh:
                raise ChannelStopped("credentials", "the token was refused, and there is no refresh_token")
            try:
                said = await self._asked(http)
            except ChannelStopped:
                self._load()
                if self._access == refused:
                    raise
                return  # another process was faster with the same refresh token
            self._access, self._refresh = str(said["access_token"]), str(said.get("refresh_token") or self._refresh)
            self._keep()

    async def _asked(self, http: Http) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh, "client_id": self._settings.client_id}
        url = f"{self._settings.api_url.rstrip('/')}/2/oauth2/token"
        try:
            answer = await http.request("POST", url, form=form, max_bytes=MOST_ANSWERED)
        except ChannelError as problem:
            raise TemporaryFailure("no_token", f"the token server: {problem.code}") from problem
        said = json_object(answer.body) or {}
        if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ChannelStopped("credentials", f"the token server says {str(said.get('error', answer.status))[:60]}")
        if answer.status != HTTPStatus.OK or not said.get("access_token"):
            raise TemporaryFailure("no_token", f"the token server answered {answer.status}")
        return said

    def _load(self) -> None:
        file = self._settings.tokens_file
        try:
            kept = (json_object(file.read_bytes()) if file else None) or {}
        except OSError:
            return  # none was kept yet
        if kept.get("access_token") and kept.get("refresh_token"):
            self._access, self._refresh = str(kept["access_token"]), str(kept["refresh_token"])

    def _keep(self) -> None:
        file = self._settings.tokens_file
        if file is None:
            return
        pair = json.dumps({"access_token": self._access, "refresh_token": self._refresh}).encode()
        new = Path(f"{file}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing:
            writing.write(pair)
            os.fsync(writing.fileno())
        new.replace(file)
