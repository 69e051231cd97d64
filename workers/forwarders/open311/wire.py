"""How a call to a server of Open311 is written down and its answer read: forms with the key, rows of JSON or XML, the log line.

Source: docs/forwarders/open311.md § Calling another. What an answer means stands in workers/forwarders/exchange.py.
"""

from urllib.parse import urlencode

from channels.protocols import Http, HttpResponse
from config.logging import get_logger
from workers.forwarders.exchange import CONNECT_S, READ_S, Call, Told
from workers.forwarders.open311 import reading
from workers.forwarders.open311.reading import Row, Unreadable
from workers.forwarders.open311.settings import Open311Settings

log = get_logger(__name__)

MOST_BYTES = 5 * 1024 * 1024
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Open311Wire:
    """Knows the address and the key of one target. Paths of its calls have no suffix; a form makes a POST."""

    def __init__(self, settings: Open311Settings, user_agent: str) -> None:
        self._base = settings.api_url.rstrip("/")
        self._form = settings.format
        self._key = settings.api_key
        self._named = {"jurisdiction_id": settings.jurisdiction_id} if settings.jurisdiction_id else {}
        media_type = "text/xml" if settings.format == "xml" else "application/json"
        self._headers = {"Accept": media_type, "User-Agent": user_agent}

    async def send(self, call: Call, http: Http) -> HttpResponse:
        body = None
        headers = self._headers
        if call.form is not None:
            # In the body, never in the address: that ends up in logs.
            body = urlencode({"api_key": self._key.reveal(), **self._named, **call.form}).encode()
            headers = {**headers, "Content-Type": FORM}
        return await http.request(
            call.method,
            f"{self._base}{call.path}.{self._form}",
            query=() if call.writes else (*self._named.items(), *call.query),
            headers=headers,
            body=body,
            connect_s=CONNECT_S,
            read_s=READ_S,
            max_bytes=MOST_BYTES,
        )

    def content(self, response: HttpResponse) -> list[Row] | None:
        """Every object of the answer as a row of texts; None for what is neither JSON nor XML that we take."""
        try:
            return reading.rows_in(response.body, self._form)
        except Unreadable:
            return None

    def words(self, response: HttpResponse) -> str:
        return reading.faults_in(self.content(response) or ())

    def turned_away(self, response: HttpResponse) -> bool:
        """Nothing in their answers tells what stands before them from the server itself."""
        return False

    def log(self, call: Call, told: Told) -> None:
        log.info(
            "open311_request_answered",
            method=call.method,
            path=call.template,
            status=told.status,
            ms=told.ms,
            attempt=call.attempt,
            outcome=told.outcome,
            complaint=call.number,
        )
