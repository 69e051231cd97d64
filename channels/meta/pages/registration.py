"""Whether Meta accepts our token and still brings us what happens on a page. Source: docs/channels/messenger.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from channels.errors import ChannelError, SendError, as_send_error
from channels.meta import graph
from channels.meta.pages.outcomes import send_error
from channels.meta.pages.settings import MessengerSettings
from channels.protocols import Http
from config.settings import Secret

FIELDS: Mapping[str, tuple[str, ...]] = {
    "page": (
        "messages",
        "messaging_postbacks",
        "message_deliveries",
        "message_reads",
        "message_echoes",
        "message_edits",
        "feed",
    ),
    "instagram": ("messages", "messaging_postbacks", "messaging_seen", "comments", "mentions"),
}
"""What we ask Meta for, by object."""
ADVICE: Mapping[str, str] = {
    "credentials": "Meta refuses the token: make a new one for the system user, put it into token and restart",
    "permission": "Meta says that a permission is missing: look at the app's permissions and the system user's page",
    "restricted": "Meta has restricted the page: look at its support inbox",
    "not_sent": "Meta cannot be reached: check the network, the proxy and api_url",
    "configuration": "the address of the Graph API is not allowed: check api_url",
}
GONE = "the app was not subscribed to the page any more and is again now: what was written meanwhile did not reach us"


class Registration:
    """One page and its app over one `http`."""

    def __init__(self, settings: MessengerSettings, kind: str, account_id: str, http: Http) -> None:
        self._settings, self._kind, self._account_id, self._http = settings, kind, account_id, http
        self._url = f"{settings.api_url.rstrip('/')}/{settings.api_version}"

    async def subscribe(self) -> None:
        """Have what happens on the page brought to the app; SendError when Meta refuses."""
        # An Instagram account has no subscription of its own: that of its page carries it.
        fields = ",".join(FIELDS["page"])
        path = f"{self._settings.page_id}/subscribed_apps"
        await self._ask("POST", path, self._settings.token, query=(("subscribed_fields", fields),))

    async def problems(self, webhook_url: str) -> list[str]:
        try:
            found = [*await self._account(), *await self._subscription()]
            return found + (await self._webhook(webhook_url) if self._settings.app_id else [])
        except SendError as problem:
            return [ADVICE.get(problem.reason, f"Meta does not answer as it should: {problem}")]

    async def _account(self) -> list[str]:
        """Whether the token is that of this page, and the Instagram account is linked to it."""
        query = (("fields", "id,name,instagram_business_account"),)
        page = await self._ask("GET", self._settings.page_id, self._settings.token, query=query)
        linked = page.get("instagram_business_account")
        number = str(linked.get("id", "")) if isinstance(linked, dict) else ""
        if self._kind == "instagram" and number != self._account_id:
            said = f"has the account {number}" if number else "has none"
            return [f"account_id is {self._account_id}, the page {said}: link the account in the page's settings"]
        return []

    async def _subscription(self) -> list[str]:
        answer = await self._ask("GET", f"{self._settings.page_id}/subscribed_apps", self._settings.token)
        apps, wanted = _rows(answer), self._settings.app_id
        ours = [app for app in apps if not wanted or str(app.get("id", "")) == wanted]
        missing = set(FIELDS["page"]) - {str(field) for app in ours for field in app.get("subscribed_fields") or ()}
        if ours and not missing:
            return []
        await self.subscribe()
        return [GONE] if not ours else []

    async def _webhook(self, webhook_url: str) -> list[str]:
        """Whether the app's own webhook leads here; several pages of one app share one of their addresses."""
        settings = self._settings
        token = Secret(f"{settings.app_id}|{settings.app_secret.reveal()}")
        answer = await self._ask("GET", f"{settings.app_id}/subscriptions", token)
        mine = next((row for row in _rows(answer) if row.get("object") == self._kind), None)
        if mine is None or not mine.get("active"):
            return [f"the app has no webhook for {self._kind}: enter {webhook_url} and the verify token there"]
        callback = str(mine.get("callback_url", ""))
        if callback.rpartition("/c/")[0] != webhook_url.rpartition("/c/")[0]:
            return [f"the app's webhook for {self._kind} is {callback}, it should be {webhook_url}: change it there"]
        given = {
            str(field.get("name")) if isinstance(field, dict) else str(field) for field in mine.get("fields") or ()
        }
        lacking = [field for field in FIELDS[self._kind] if field not in given]
        return [f"the webhook for {self._kind} lacks {', '.join(lacking)}: tick them there"] if lacking else []

    async def _ask(
        self, method: str, path: str, token: Secret, query: Sequence[tuple[str, str]] = ()
    ) -> Mapping[str, Any]:
        try:
            answer = await graph.call(self._http, method, f"{self._url}/{path}", token, query=query)
        except ChannelError as problem:
            raise as_send_error(problem) from problem
        if not answer.succeeded:
            raise send_error(answer)
        return answer.body or {}


def _rows(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = answer.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
