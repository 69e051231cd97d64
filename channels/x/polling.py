"""Asking X now and then, where the plan has no webhooks: each post and message as a call of its own, read by the same code.

How far we came moves only after what was found is committed. At the very first time nothing old is taken.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.errors import ChannelMisconfigured, ChannelStopped, PayloadInvalid, SendError
from channels.json_object import json_object
from channels.messages import Inbound, RawRequest
from channels.protocols import Bookmark, Http, HttpResponse, Submit
from channels.x.calls import Calls
from channels.x.settings import XSettings

MOST_PAGES = 10
Pause = Callable[[float], Awaitable[None]]
Parse = Callable[[RawRequest], Sequence[Inbound]]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """The newest post and the newest message that were taken; ids grow with time."""

    post: int
    message: int

    def __str__(self) -> str:
        return f"{self.post}:{self.message}"

    @classmethod
    def read(cls, kept: str) -> "Position | None":
        post, _, message = kept.partition(":")
        return cls(int(post), int(message)) if post.isdecimal() and message.isdecimal() else None


async def poll(
    settings: XSettings,
    calls: Calls,
    parse: Parse,
    submit: Submit,
    http: Http,
    bookmark: Bookmark,
    pause: Pause = asyncio.sleep,
) -> None:
    """Until cancelled. ChannelMisconfigured where only a person can help (token, plan); everything else is tried again."""
    while True:
        wait = settings.poll_s
        try:
            wait = max(wait, await _turn(settings, calls, parse, submit, http, bookmark))
        except ChannelStopped as problem:
            raise ChannelMisconfigured(f"X: {problem}") from problem
        except SendError:
            pass  # busy or away: the next turn finds what this one did not
        await pause(wait)


async def _turn(
    settings: XSettings, calls: Calls, parse: Parse, submit: Submit, http: Http, bookmark: Bookmark
) -> float:
    """One look; for how many seconds X wants no other."""
    known = Position.read(await bookmark.read())
    posts = {
        "tweet.fields": "created_at,author_id,entities,note_tweet",
        "expansions": "author_id",
        "max_results": "100",
    }
    since = {"since_id": str(known.post)} if known and known.post else {}
    path = f"/2/users/{settings.user_id}/mentions"
    found, post, rest_s = await _pages(calls, path, posts | since, known.post if known else None, http, bookmark.now())
    fields = "id,text,event_type,created_at,sender_id,attachments"
    pictures = {"expansions": "attachments.media_keys", "media.fields": "url,preview_image_url"}
    messages = {"dm_event.fields": fields, "event_types": "MessageCreate", "max_results": "100", **pictures}
    told, message, rest = await _pages(
        calls, "/2/dm_events", messages, known.message if known else None, http, bookmark.now()
    )
    if known is not None:
        bodies = [_as_post(row, settings) for row in found] + [_as_message(row, settings) for row in told]
        pairs = [pair for body in bodies for pair in _read(body, parse)]
        if pairs:
            await submit(pairs)
    await bookmark.keep(str(Position(post, message)))
    return max(rest_s, rest)


async def _pages(
    calls: Calls, path: str, query: Mapping[str, str], after: int | None, http: Http, now: datetime
) -> tuple[list[Row], int, float]:
    """The rows newer than `after`, the oldest first (None: one page); how far that brings us, and for how long X wants no further call.

    Where the budget ends between two pages, the older ones are still to come: what was read is taken, but we are no further.
    """
    rows: list[Row] = []
    more: dict[str, str] = {}
    rest_s, is_whole = 0.0, True
    for _ in range(MOST_PAGES if after is not None else 1):
        answer = await calls.ask("GET", path, http, query=tuple({**query, **more}.items()))
        if answer.status != 200:  # noqa: PLR2004 - the only success
            raise calls.refusal(answer)
        tree = json_object(answer.body) or {}
        page = [row for row in tree.get("data") or [] if isinstance(row, dict) and str(row.get("id", "")).isdecimal()]
        fresh = [row for row in page if int(row["id"]) > (after or 0)]
        files = _files(tree)
        rows += [{**row, "file": _file(row, files)} for row in fresh]
        rest_s = _rest(answer, now)
        token = (tree.get("meta") or {}).get("next_token")
        if not token or len(fresh) < len(page) or after is None:
            break
        if rest_s:
            is_whole = False
            break
        more = {"pagination_token": str(token)}
    known = after or 0
    newest = _newest(rows, known) if is_whole else known
    return sorted(rows, key=lambda row: int(row["id"])), newest, rest_s


def _files(tree: Row) -> Mapping[str, str]:
    """Key of a picture of this page -> its address; of a film the picture that stands for it."""
    beside = tree.get("includes")
    media = beside.get("media") if isinstance(beside, dict) else None
    known = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    found = ((str(one.get("media_key", "")), one.get("url") or one.get("preview_image_url")) for one in known)
    return {key: address for key, address in found if isinstance(address, str)}


def _file(row: Row, files: Mapping[str, str]) -> str:
    """A message of X carries one at most."""
    attached = row.get("attachments")
    keys = attached.get("media_keys") if isinstance(attached, dict) else None
    return next((files[key] for key in keys if key in files), "") if isinstance(keys, list) else ""


def _rest(answer: HttpResponse, now: datetime) -> float:
    """Seconds until the budget is filled again, where this call was its last."""
    remaining, reset = answer.headers.get("x-rate-limit-remaining", ""), answer.headers.get("x-rate-limit-reset", "")
    if remaining != "0" or not reset.isdecimal():
        return 0.0
    return max(float(reset[:12]) - now.timestamp(), 0.0)


def _newest(rows: Sequence[Row], known: int) -> int:
    return max([known, *(int(row["id"]) for row in rows)])


def _as_post(row: Row, settings: XSettings) -> object:
    """A post as a webhook would bring it: that it names us is what was asked for."""
    us = {"id_str": settings.user_id, "screen_name": settings.username}
    post = {
        "id_str": str(row["id"]),
        "text": _whole_text(row),
        "timestamp_ms": _millis(row),
        "user": {"id_str": str(row.get("author_id", ""))},
        "entities": {"user_mentions": [us]},
    }
    return {"for_user_id": settings.user_id, "tweet_create_events": [post]}


def _whole_text(row: Row) -> str:
    """Of a post over 280 signs `text` is the beginning only."""
    note = row.get("note_tweet")
    long = note.get("text") if isinstance(note, dict) else None
    return str(long or row.get("text", ""))


def _as_message(row: Row, settings: XSettings) -> object:
    data: dict[str, object] = {"text": str(row.get("text", ""))}
    if row["file"]:
        data["attachment"] = {"type": "media", "media": {"media_url_https": row["file"]}}
    created = {"sender_id": str(row.get("sender_id", "")), "message_data": data}
    message = {"id": str(row["id"]), "created_timestamp": _millis(row), "message_create": created}
    return {"for_user_id": settings.user_id, "direct_message_events": [message]}


def _millis(row: Row) -> str:
    try:
        return str(int(datetime.fromisoformat(str(row.get("created_at", ""))).timestamp() * 1000))
    except ValueError:
        return ""


def _read(body: object, parse: Parse) -> list[tuple[Inbound | PayloadInvalid, RawRequest]]:
    request = RawRequest("POST", headers={"content-type": "application/json"}, body=json.dumps(body).encode())
    try:
        return [(event, request) for event in parse(request)]
    except PayloadInvalid as problem:
        return [(problem, request)]
