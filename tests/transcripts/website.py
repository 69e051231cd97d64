"""The public pages of transcript 10, by the services behind them: what a page has to say, without its HTML.

The form goes through the real adapter. Number and code are checked by `tracking`, deeds are done by `self_service`; how
pages look is tested with a browser.
"""

import re
import shlex
from datetime import timedelta
from typing import Any

from channels.web_form.adapter import WebForm
from gateway.complaints.number import read_number
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.dialogue import facts, self_service
from gateway.dialogue.self_service import Deed
from gateway.notices import staff_texts
from gateway.record import cases, events, tracking
from gateway.storage.store import Transaction
from tests.transcripts.phones import posted
from tests.transcripts.town import Town

TO_FILL_IN = timedelta(seconds=30)
RECEIPT = ("receipt.title", "receipt.keep", "receipt.print", "receipt.track")
# What a transcript says about a page: quoted words, buttons, numbers, codes, addresses, HTTP statuses.
PIECES = re.compile(r'langkah "[^"]*"|"[^"]*"|\[[^\]]+\]|KBR-\d+|\d{4}-\d{4}|/terima/<[^>]+>|/lacak/\S+|\b[1-5]\d\d\b')
BY_THE_BROWSER = frozenset({"[Unduh bukti]"})
"""The page is printed by the browser; no service has a part in it."""


class Website:
    def __init__(self, town: Town) -> None:
        self._town = town
        self._posted = posted("", {})
        self._nonce = ""
        self._passes: dict[str, str] = {}
        """Ticket number -> the code that opened its page."""

    def visit(self, text: str) -> str:
        """What the page says that answers this line, in no particular order."""
        if text.startswith("POST /lapor"):
            return self._report(text)
        if text.startswith("POST /lacak"):
            return self._track(_fields(text))
        return self._object(text.partition('"')[2].rstrip('"'))

    def _report(self, text: str) -> str:
        again = "(ulang" in text
        if not again:
            form: Any = self._town.office.channels["web"].adapter
            assert isinstance(form, WebForm)
            token = form.new_token(self._town.now - TO_FILL_IN)
            self._posted = posted(token, _fields(text))
            self._nonce = token.split(".")[1]
        response = self._town.take("web", self._posted)
        assert response.headers["location"] == f"/terima/{self._nonce}"
        with self._town.store.reading() as tx:
            answer = facts.form_answer(tx, self._nonce)
            words = [tx.office.texts(key) for key in RECEIPT]
        address = "/terima/<token sama>" if again else "/terima/<token sekali lihat>"
        return " | ".join((str(int(response.status)), address, answer.number, answer.secret_code, *words))

    def _track(self, fields: dict[str, str]) -> str:
        number = read_number(fields["nomor"], "KBR")
        assert isinstance(number, str)
        tracked = self._town.do(lambda tx: tracking.find(tx, number, fields["kode"], "somebody"))
        if tracked.row is None:
            return f"200 | {self._town.office.texts('err.code', n=tracked.attempts_left)}"
        self._passes[number] = tracked.row.secret_hash
        return f"/lacak/{number}: | {number} | {self._page(number)}"

    def _object(self, text: str) -> str:
        (number,) = self._passes
        self._town.do(lambda tx: self_service.act(tx, number, Deed("keberatan", "k1", {"text": text})))
        said = self._town.office.texts("track.form.keberatan.said", tiket=number)
        return f"{said} | {number} | {self._page(number)}"

    def _page(self, number: str) -> str:
        with self._town.store.reading() as tx:
            page = self_service.look(tx, number, self._passes[number])
            assert page is not None
            texts = tx.office.texts
            steps = [texts(f"track.step.{step.name}") for step in page.steps if step.state != "ahead"]
            offers = [f"[{texts(f'track.form.{word}.title')}]" for word in page.offers]
            return " | ".join((f'langkah "{" > ".join(steps)}"', *offers, *_news(tx, number)))


def _news(tx: Transaction, number: str) -> list[str]:
    """What the reporter would have been told of their last news, had they left an address."""
    row = cases.row_of(tx, number)
    if row.status != "out_of_authority":
        return []
    refused = staff_texts.reporter_values(tx, row, _inputs(tx, row.id))
    capabilities = tx.office.channels["web"].capabilities
    return [message.text for message in render(Reply("st.oota", refused), "id", capabilities, tx.office.texts).messages]


def _inputs(tx: Transaction, complaint_id: int) -> dict[str, str]:
    last = events.last(tx, complaint_id)
    return events.inputs_of(last)


def lacks(expected: str, said: str) -> list[str]:
    """What a line says of a page that the page does not say."""
    known = said.split(" | ")
    wanted = [piece for piece in PIECES.findall(expected) if piece not in BY_THE_BROWSER]
    return [piece for piece in wanted if not any(_says(one, piece) for one in known)]


def _says(said: str, piece: str) -> bool:
    if piece.startswith("langkah"):
        return said == piece
    words = piece.strip('"')
    return words in said or (piece.startswith("[") and piece[1:-1] == said)


def _fields(text: str) -> dict[str, str]:
    words = shlex.split(text)
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}
