"""Tokens of OAuth 2.0 that open a provider for an hour: asked for once, kept until they nearly run out (RFC 6749)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from channels.errors import ChannelError, ChannelStopped, TemporaryFailure
from channels.json_object import json_object
from channels.protocols import Http
from config import clock

EARLY_S = 60.0
"""A token that runs out within this time is not used any more."""
USUAL_S = 3600.0
"""How long one is good for where the server does not say."""
MOST_ANSWERED = 64 * 1024
LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Grant:
    """Where tokens are given out, and what is said there."""

    url: str
    form: Mapping[str, str] = field(repr=False)


class Tokens:
    """The token of one grant. `monotonic` counts seconds."""

    def __init__(self, grant: Grant, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._grant = grant
        self._monotonic = monotonic
        self._token = ""
        self._until = 0.0

    async def current(self, http: Http) -> str:
        """One that is good now. ChannelStopped where the server refuses us, TemporaryFailure for everything else."""
        if not self._token or self._monotonic() >= self._until:
            self._token, good_for_s = await _asked(self._grant, http)
            self._until = self._monotonic() + good_for_s - EARLY_S
        return self._token

    def forget(self) -> None:
        """The provider refused it: the next one is asked for."""
        self._token = ""


async def _asked(grant: Grant, http: Http) -> tuple[str, float]:
    try:
        answer = await http.request("POST", grant.url, form=grant.form, max_bytes=MOST_ANSWERED)
    except ChannelError as problem:
        raise TemporaryFailure("no_token", f"the token server: {problem.code}") from problem
    told = json_object(answer.body) or {}
    if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise ChannelStopped("credentials", f"the token server says {str(told.get('error', answer.status))[:60]}")
    token = told.get("access_token")
    if answer.status != HTTPStatus.OK or not isinstance(token, str) or not _is_token(token):
        raise TemporaryFailure("no_token", f"the token server answers {answer.status} without a token")
    return token, _seconds(told.get("expires_in"))


def _is_token(text: str) -> bool:
    """What fits into a header and into a login."""
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def _seconds(said: object) -> float:
    try:
        given = float(said) if isinstance(said, int | float | str) else USUAL_S
    except ValueError:
        return USUAL_S
    return given if 0 < given < 10 * 365 * 86_400 else USUAL_S
