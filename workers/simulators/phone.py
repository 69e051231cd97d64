"""The practice site: a citizen's phone, the officers' messages, the LAPOR! board, clock and faults, on one page.

Works by plain forms; a small script only saves the reloading. Everything it does goes through the same simulators that
tests use, so what a class sees is what the gateway really did.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jinja2
from aiohttp import web

from config.texts import Texts, shipped
from workers.simulators import practice_clock as dates
from workers.simulators import practice_faults as switches
from workers.simulators import practice_view as view
from workers.simulators.control import ControlRefused
from workers.simulators.faults import NOTHING
from workers.simulators.practice_board import Board, BoardAway, BoardState, moves_after, moves_beside
from workers.simulators.practice_cast import Cast
from workers.simulators.settings import Person, SimulatorSettings
from workers.simulators.telegram import Telegram
from workers.simulators.ussd import Session

PAGES = Path(__file__).parent / "pages"
LANGUAGES = ("id", "en")
PAGE_SCREENS = ("messenger", "instagram", "x")
ON_X = {"text": "dm", "comment": "post"}
TEXT_LIMIT = 4_000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
Form = Mapping[str, str]


class Practice:
    """The pages. A trainee's choices (citizen, screen, language) stand in the URL, so that many can share one class."""

    def __init__(self, settings: SimulatorSettings, cast: Cast, texts: Texts) -> None:
        self._settings = settings
        self._cast = cast
        self._texts = texts
        self._session: aiohttp.ClientSession | None = None
        self._closed_sessions: set[str] = set()
        self._by_hand = view.ByHand()
        loader = jinja2.FileSystemLoader(PAGES / "templates")
        self._templates = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        yield
        await self._session.close()

    # -- reading ------------------------------------------------------------------------

    async def page(self, request: web.Request) -> web.Response:
        """Everything on one page; 304 while nothing has changed."""
        choice = self._choice(request.query)
        html = self._templates.get_template("practice.html").render(await self._context(request, choice))
        tag = f'"{hashlib.blake2b(html.encode(), digest_size=12).hexdigest()}"'
        headers = HEADERS | {"ETag": tag, "Vary": "Accept-Language"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(text=html, content_type="text/html", headers=headers)

    async def picture(self, request: web.Request) -> web.Response:
        """A photo that somebody sent in a chat."""
        telegram = self._cast.telegram
        kept = telegram.chats.files.get(request.match_info["file"]) if telegram else None
        if kept is None or kept.media_type != "image/jpeg":
            raise web.HTTPNotFound
        return web.Response(body=kept.content, content_type=kept.media_type, headers=HEADERS)

    def _choice(self, given: Form) -> dict[str, str]:
        people = {person.key for person in self._settings.citizens}
        screens = self._cast.screens or ["telegram"]
        language = given.get("bahasa", "")
        return {
            "warga": given["warga"] if given.get("warga") in people else self._settings.citizens[0].key,
            "layar": given["layar"] if given.get("layar") in screens else screens[0],
            "bahasa": language if language in LANGUAGES else self._settings.language,
        }

    async def _context(self, request: web.Request, choice: dict[str, str]) -> dict[str, Any]:
        settings, language, now = self._settings, choice["bahasa"], self._cast.clock.now()
        zone = settings.time_zone
        board = self._board(request)
        state = await _board_state(board)
        talks = self._talks()
        citizen = self._citizen(choice)
        own = [bubble for person in settings.citizens for bubble in self._bubbles(person)]
        return {
            "t": lambda key, **values: self._texts(f"practice.{key}", language, **values),
            "hour": lambda moment: dates.hour_in_words(moment, zone),
            "day": lambda moment: dates.day_in_words(moment, zone, self._texts, language),
            "at": lambda **changes: f"/?{urlencode(choice | changes)}",
            "choice": choice,
            "language": language,
            "other_language": LANGUAGES[1 - LANGUAGES.index(language)],
            "settings": settings,
            "gateway": settings.public_url or settings.gateway_url,
            "now": now,
            "zone_name": dates.zone_name(zone),
            "screens": self._cast.screens,
            "sms_number": self._cast.sms.number if self._cast.sms else "",
            "mail_address": self._settings.mail.address,
            "whatsapp_number": f"+{self._settings.whatsapp.number}",
            "citizen": citizen,
            "phone": self._phone(citizen),
            "talks": talks,
            "steps": view.steps(view.progress_of(own, talks, state.reports, self._by_hand)),
            "board": state,
            "moves_after": moves_after,
            "moves_beside": moves_beside,
            "switches": [
                (switch.name, switches.is_on(switch, self._cast.planes, state.faults))
                for switch in switches.offered(self._cast.planes, board)
            ],
        }

    def _phone(self, citizen: Person) -> dict[str, Any]:
        telegram, sms, ussd, mail = self._cast.telegram, self._cast.sms, self._cast.ussd, self._cast.mail
        chat = telegram.chats.chats.get(citizen.chat) if telegram else None
        session = ussd.current(citizen.phone) if ussd else None
        if session and session.id in self._closed_sessions:
            session = None
        return {
            "chat": view.chat_bubbles(chat),
            "blocked": bool(chat and chat.blocked),
            "toast": chat.toast if chat else "",
            "keyboard": chat.keyboard if chat else [],
            "sms": view.sms_bubbles(sms.player.handsets.phone(citizen.phone).messages) if sms else (),
            "whatsapp": self._whatsapp_bubbles(citizen.phone),
            **{on: self._page_bubbles(citizen, on) for on in PAGE_SCREENS},
            "mail": view.mail_bubbles(mail.box(citizen.email).letters) if mail else (),
            "ussd": session,
        }

    def _bubbles(self, person: Person) -> list[view.Bubble]:
        shown = self._phone(person)
        session: Session | None = shown["ussd"]
        typed = [view.Bubble(session.started_at, bool(session.typed), ())] if session else []
        pages = [bubble for on in PAGE_SCREENS for bubble in shown[on]]
        return [*shown["chat"], *shown["whatsapp"], *pages, *shown["sms"], *shown["mail"], *typed]

    def _page_bubbles(self, citizen: Person, on: str) -> tuple[view.Bubble, ...]:
        played, person = self._cast.meta, view.page_person(citizen, on)
        if on == "x":
            return view.x_bubbles(self._cast.x, person) if self._cast.x else ()
        return view.page_bubbles(played.world, on, person) if played else ()

    def _whatsapp_bubbles(self, number: str) -> tuple[view.Bubble, ...]:
        played = self._cast.whatsapp
        return view.whatsapp_bubbles(played.talks.talk(number).notes) if played else ()

    def _talks(self) -> list[view.Conversation]:
        telegram, sms = self._cast.telegram, self._cast.sms
        chats = list(telegram.chats.chats.values()) if telegram else []
        phones = [(number, list(phone.messages)) for number, phone in sms.player.handsets.phones.items()] if sms else []
        boxes = [(box.address, list(box.letters)) for box in self._cast.mail.boxes.values()] if self._cast.mail else []
        apps = list(self._cast.whatsapp.talks.talks.values()) if self._cast.whatsapp else []
        return view.conversations(chats, phones, boxes, apps, self._settings.officers, self._settings.citizens)

    def _citizen(self, choice: Form) -> Person:
        return next(person for person in self._settings.citizens if person.key == choice["warga"])

    def _board(self, request: web.Request) -> Board | None:
        if not self._cast.board_path or self._session is None or request.transport is None:
            return None
        # Our own port, taken from the connection: a Host header is the caller's word.
        port = request.transport.get_extra_info("sockname")[1]
        return Board(f"http://127.0.0.1:{port}{self._cast.board_path}", self._session)

    # -- doing -----------------------------------------------------------------------------

    async def do(self, request: web.Request) -> web.Response:
        """One deed of a form, then back to the page."""
        _refuse_other_sites(request)
        deed = DEEDS.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound
        given = {name: str(value)[:TEXT_LIMIT] for name, value in (await request.post()).items()}
        choice = self._choice(given)
        try:
            await deed.act(self, request, choice, given)
        except (ControlRefused, BoardAway, ValueError) as problem:
            raise web.HTTPBadRequest(text=f"{problem}\n") from problem
        raise web.HTTPSeeOther(f"/?{urlencode(choice)}#{deed.anchor}")

    async def telegram(self, _request: web.Request, choice: Form, given: Form) -> None:
        citizen, text = self._citizen(choice), given.get("isi", "").strip()
        kind, _, scene = given.get("jenis", "text").partition(":")
        if kind in {"text", "edit"} and not text:
            return
        item = {"type": kind, "chat": citizen.chat, "text": text, "caption": text, "scene": scene}
        await self._telegram().inject({name: value for name, value in item.items() if value != ""}, NOTHING)

    async def press(self, _request: web.Request, _choice: Form, given: Form) -> None:
        item = {
            "type": "press",
            "chat": int(given["chat"]),
            "message_id": int(given["pesan"]),
            "data": given["data"],
        }
        await self._telegram().inject(item, NOTHING)

    async def sms(self, _request: web.Request, choice: Form, given: Form) -> None:
        await self._send_sms(self._citizen(choice).phone, given.get("isi", ""))

    async def whatsapp(self, _request: web.Request, choice: Form, given: Form) -> None:
        """A text, a file or a place; or (`data`) a button that hangs below the message `pesan`."""
        played, kind = self._cast.whatsapp, given.get("jenis", "text")
        if played is None:
            raise ControlRefused("WhatsApp is not played here")
        text = given.get("isi", "").strip()
        if kind == "text" and not text:
            return
        item = {"type": kind, "from": self._citizen(choice).phone, "text": text}
        item |= {name: given[key] for name, key in (("data", "data"), ("of", "pesan")) if key in given}
        await played.inject(item, NOTHING)

    async def write_to_page(self, _request: web.Request, choice: Form, given: Form) -> None:
        """A private message to the page or account whose screen is shown, or a public comment."""
        on, kind, text = choice["layar"], given.get("jenis", "text"), given.get("isi", "").strip()
        played = self._cast.x if on == "x" else self._cast.meta
        if played is None or on not in PAGE_SCREENS:
            raise ControlRefused("no page is played here")
        if text or kind not in {"text", "comment"}:
            person = view.page_person(self._citizen(choice), on)
            kind = ON_X[kind] if on == "x" else kind
            await played.inject({"type": kind, "on": on, "person": person, "text": text}, NOTHING)

    async def mail(self, _request: web.Request, choice: Form, given: Form) -> None:
        """A new mail where a subject is given, else an answer to the newest."""
        await self._send_mail(self._citizen(choice).email, given.get("isi", ""), given.get("perihal", "").strip())

    async def ussd(self, _request: web.Request, choice: Form, given: Form) -> None:
        ussd, citizen = self._cast.ussd, self._citizen(choice)
        if ussd is None:
            raise ControlRefused("USSD is not played here")
        session = ussd.current(citizen.phone)
        if given.get("aksi") == "panggil":
            await ussd.step(
                ussd.dial(citizen.phone, given.get("nomor") or self._settings.ussd.service_code), None, NOTHING
            )
        elif session and given.get("aksi") == "tutup":
            session.ends = True
            self._closed_sessions.add(session.id)
        elif session and not session.ends:
            await ussd.step(session, given.get("isi", "").strip(), NOTHING)

    async def officer(self, _request: web.Request, _choice: Form, given: Form) -> None:
        text = given.get("isi", "").strip()
        if given.get("lewat") == "sms":
            await self._send_sms(given["nomor"], text)
        elif given.get("lewat") == "mail":
            await self._send_mail(given["surel"], text, "")
        elif given.get("lewat") == "whatsapp" and text and self._cast.whatsapp:
            await self._cast.whatsapp.inject({"type": "text", "from": given["nomor"], "text": text}, NOTHING)
        elif text:
            await self._telegram().inject({"type": "text", "chat": int(given["chat"]), "text": text}, NOTHING)

    async def move(self, request: web.Request, _choice: Form, given: Form) -> None:
        board = self._board(request)
        if board is None:
            raise BoardAway("LAPOR! is not played here")
        if given.get("tindak_lanjut", "").strip():
            await board.follow_up(int(given["laporan"]), given["tindak_lanjut"].strip())
            self._by_hand.followups += 1
        elif given.get("ke"):
            await board.move(int(given["laporan"]), given["ke"], given.get("catatan", "").strip())
            self._by_hand.moves += 1

    async def habit(self, request: web.Request, _choice: Form, given: Form) -> None:
        """Whether LAPOR! answers by itself."""
        if board := self._board(request):
            await board.answer_unasked(given.get("nyala") == "1")

    async def clock(self, _request: web.Request, _choice: Form, given: Form) -> None:
        clock, settings = self._cast.clock, self._settings
        if given.get("maju") == "hari-kerja":
            clock.set(dates.one_workday_on(clock.now(), settings.time_zone, settings.days_off))
        else:
            clock.advance(timedelta(hours=1))

    async def fault(self, request: web.Request, _choice: Form, given: Form) -> None:
        planes, board = self._cast.planes, self._board(request)
        for switch in switches.offered(planes, board):
            if switch.name == given.get("gangguan"):
                await switches.turn(switch, given.get("nyala") == "1", planes, board)

    async def reset(self, request: web.Request, _choice: Form, _given: Form) -> None:
        sms = self._cast.sms.player if self._cast.sms else None
        for player in (
            self._cast.telegram,
            sms,
            self._cast.ussd,
            self._cast.mail,
            self._cast.whatsapp,
            self._cast.meta,
            self._cast.x,
        ):
            if player is not None:
                player.plane.stop_tasks()
                player.plane.journal.clear()
                player.plane.faults.clear()
                player.reset()
        self._closed_sessions.clear()
        self._by_hand = view.ByHand()
        if board := self._board(request):
            await board.reset()

    async def _send_sms(self, number: str, text: str) -> None:
        if self._cast.sms is None:
            raise ControlRefused("SMS is not played here")
        if text.strip():
            await self._cast.sms.player.inject({"from": number, "text": text.strip()}, NOTHING)

    async def _send_mail(self, address: str, text: str, subject: str) -> None:
        if self._cast.mail is None:
            raise ControlRefused("mail is not played here")
        if text.strip():
            newest = self._cast.mail.box(address).newest_of_ours
            item = {"from": address, "text": text.strip(), "subject": subject, "reply": bool(newest and not subject)}
            await self._cast.mail.inject(item, NOTHING)

    def _telegram(self) -> Telegram:
        if self._cast.telegram is None:
            raise ControlRefused("Telegram is not played here")
        return self._cast.telegram


@dataclass(frozen=True, slots=True)
class Deed:
    """What a form does, and the part of the page to show afterwards."""

    act: Callable[[Practice, web.Request, Form, Form], Awaitable[None]]
    anchor: str


DEEDS: Mapping[str, Deed] = {
    "telegram": Deed(Practice.telegram, "hp"),
    "tekan": Deed(Practice.press, "petugas"),
    "sms": Deed(Practice.sms, "hp"),
    "whatsapp": Deed(Practice.whatsapp, "hp"),
    "halaman": Deed(Practice.write_to_page, "hp"),
    "surel": Deed(Practice.mail, "hp"),
    "ussd": Deed(Practice.ussd, "hp"),
    "petugas": Deed(Practice.officer, "petugas"),
    "lapor": Deed(Practice.move, "lapor"),
    "kebiasaan": Deed(Practice.habit, "lapor"),
    "jam": Deed(Practice.clock, "jam"),
    "gangguan": Deed(Practice.fault, "gangguan"),
    "bersihkan": Deed(Practice.reset, "hp"),
}


def add_to(app: web.Application, settings: SimulatorSettings, cast: Cast) -> None:
    """Give the application the practice site: at its root, beside the simulators mounted there."""
    practice = Practice(settings, cast, shipped())
    app.cleanup_ctx.append(practice.running)
    app.router.add_get("/", practice.page)
    app.router.add_get("/foto/{file}", practice.picture)
    app.router.add_post("/lakukan/{deed}", practice.do)
    app.router.add_static("/aset", PAGES / "static")


def _refuse_other_sites(request: web.Request) -> None:
    """A page of another site must not play with the class: browsers say where a form came from."""
    site, origin = request.headers.get("Sec-Fetch-Site", "none"), request.headers.get("Origin", "")
    if site not in {"none", "same-origin"} or (origin and urlsplit(origin).netloc != request.host):
        raise web.HTTPForbidden(text="forms of other sites are not taken\n")


async def _board_state(board: Board | None) -> BoardState:
    if board is None:
        return BoardState()
    try:
        return await board.state()
    except BoardAway:
        return BoardState()
