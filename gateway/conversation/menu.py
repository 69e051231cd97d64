"""MENU: the pages of the USSD service as data, and what their inputs do. Source: docs/channels/ussd_http.md.

`0` leaves, `00` goes back, `98` shows the next part of a long page; everything else is an option of the page or, where the
page asks for words, what was typed. Nothing typed is lost: only a 0 below "Kirim laporan ini?" gives a text up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.complaints import number as numbers
from gateway.complaints.complaint import Action, Hold, Status, Urgency
from gateway.complaints.number import WrongCheckDigit
from gateway.conversation import wording
from gateway.conversation.additions import open_action
from gateway.conversation.dialogue import NEW, KnownCase, UssdSession
from gateway.conversation.glossary import explained
from gateway.conversation.moment import Moment, allowed
from gateway.conversation.reports import open_report
from gateway.conversation.standing import page_values
from gateway.conversation.turn import Addition, CaseAction, Page, Phrase, StatusLookup, Turn, Value
from gateway.conversation.turns import about

LEAVE, BACK, MORE = "0", "00", "98"
FEWEST_LETTERS = 10
FULL_INPUT = 160
"""Characters at which a network cuts what is typed: there may be more to say."""
REGENCY = "Kabupaten "


@dataclass(frozen=True, slots=True)
class Talk:
    """One input of one session."""

    moment: Moment
    session: UssdSession

    def entry(self, name: str) -> str:
        return self.session.entry(name)

    def noting(self, **entries: str) -> "Talk":
        session = self.session
        for name, value in entries.items():
            session = session.with_entry(name, value)
        return replace(self, session=session)

    @property
    def case(self) -> KnownCase | None:
        return self.moment.dialogue.case(self.entry("number"))


Deed = Callable[[Talk], Turn]
Content = tuple[str, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Option:
    """`leads` is a page of MENU, or what is done at once."""

    input: str
    label: Value
    leads: str | Deed


@dataclass(frozen=True, slots=True)
class Screen:
    """`content`: text key and fill-ins; `typed`: what happens to words, where the page asks for them."""

    content: Callable[[Talk], Content]
    options: Callable[[Talk], tuple[Option, ...]] = lambda _: ()
    typed: Callable[[Talk, str], Turn] | None = None


def show(talk: Talk, name: str, note: str = "", part: int = 0) -> Turn:
    """The turn that shows a page of MENU."""
    screen, session = MENU[name], talk.session
    key, values = screen.content(talk)
    options = tuple((option.input, option.label) for option in screen.options(talk))
    trail = session.trail if name == session.page else (*session.trail, session.page)
    session = session.with_(page=name, part=part, trail=tuple(page for page in trail if page))
    page = Page(key, values, options, note, part)
    return Turn(talk.moment.dialogue.with_(ussd=session), page=page)


def enter(talk: Talk, typed: str) -> Turn:
    """The turn that an input makes on the page that the phone shows."""
    text, session = typed.strip().removesuffix("#").strip(), talk.session
    if text == MORE or typed.strip() == "#":
        return show(talk, session.page, part=session.part + 1)
    if text == LEAVE:
        return _leave(talk)
    if text == BACK:
        return _back(talk)
    screen = MENU[session.page]
    chosen = next((option for option in screen.options(talk) if option.input == text), None)
    if chosen:
        return show(talk, chosen.leads) if isinstance(chosen.leads, str) else chosen.leads(talk)
    if screen.typed and text:
        return screen.typed(talk, text)
    return _again(talk)


def end(talk: Talk, key: str, number: str = "", **values: Value) -> Turn:
    """The turn that closes the session with a last page."""
    page = Page(key, about(number) | values, about=number, ends=True)
    return Turn(talk.moment.dialogue.with_(ussd=talk.session.with_(ended=True)), page=page)


def send(talk: Talk) -> Turn:
    """The turn that makes the draft of this session a complaint; its receipt goes by SMS, because pages vanish."""
    text, district = talk.entry("text"), talk.entry("district")
    moment = talk.moment.saying(text)
    opened = open_report(moment)
    if opened.draft is None:
        return _said_before(talk, opened)
    name = dict(moment.lexicon.districts).get(district, "")
    draft = opened.draft.with_(place=district, location_text=name, anonymous=talk.entry("anonymous") == "yes")
    channel = talk.session.sms_channel or moment.setting.sms_channel
    session = talk.session.with_(opened=NEW, ended=True)
    return Turn(
        opened.dialogue.with_(ussd=session),
        # The page has said the first words already; privacy is told where there is room for it, on the receipt's channel.
        replies=tuple(reply.with_(append_key="") for reply in opened.replies) if channel else (),
        draft=draft,
        page=Page(
            _last_page(draft.hold, draft.urgency, opened, has_sms=bool(channel)), _help(moment), about=NEW, ends=True
        ),
        receipt_to=moment.message.sender if channel else None,
        receipt_channel=channel,
    )


def standing_of(case: KnownCase, talk: Talk) -> Talk:
    """The talk that is now about this complaint."""
    return talk.noting(number=case.number, status=case.status, held="yes" if case.held else "")


def _last_page(hold: Hold, urgency: Urgency, opened: Turn, *, has_sms: bool) -> str:
    if hold is not Hold.NONE:
        return "hold.notice"
    if urgency is Urgency.DARURAT:
        return opened.replies[0].key
    return "ussd.done" if has_sms else "ussd.done_no_sms"


def _help(moment: Moment) -> Mapping[str, Value]:
    return {"kontak": moment.lexicon.ppa_contact}


def _said_before(talk: Talk, opened: Turn) -> Turn:
    number = opened.additions[0].number
    turn = end(talk, "rx.repeat", number)
    return turn.with_(additions=opened.additions)


def _leave(talk: Talk) -> Turn:
    if talk.session.page == "summary":
        return end(talk.noting(text=""), "ussd.not_sent")
    return send(talk) if talk.entry("text") and not talk.session.opened else end(talk, "ussd.bye")


def _back(talk: Talk) -> Turn:
    *before, last = talk.session.trail or ("main",)
    turn = show(replace(talk, session=talk.session.with_(page="", trail=())), last)
    return turn.with_(
        dialogue=turn.dialogue.with_(ussd=(turn.dialogue.ussd or talk.session).with_(trail=tuple(before)))
    )


def _again(talk: Talk) -> Turn:
    """An input that the page does not know: the page once more, with a word of explanation."""
    if talk.session.page == "standing" and talk.case is None:
        # Shown after a look-up by code, which is not done twice: the page as it was.
        return Turn(talk.moment.dialogue.with_(ussd=talk.session), page=Page(text=talk.session.answer))
    return show(talk, talk.session.page, note="ussd.wrong_choice")


def _type_report(talk: Talk, text: str) -> Turn:
    earlier = talk.entry("text") if talk.session.page == "more_text" else ""
    if not wording.has_letters(earlier + text, FEWEST_LETTERS):
        return show(talk, "text", note="ussd.too_short")
    noted = talk.noting(text=f"{earlier} {text}".strip())
    if talk.moment.saying(noted.entry("text")).is_urgent:
        return send(noted)
    cut = len(text) >= FULL_INPUT or "maybe_truncated" in talk.moment.message.flags
    return show(noted, "more_text") if cut else _ask_district(noted)


def _ask_district(talk: Talk) -> Turn:
    return show(talk, "district" if talk.moment.lexicon.districts else "anonymous")


def _districts(talk: Talk) -> tuple[Option, ...]:
    """Every kecamatan, numbered, and the way past the question."""
    names = talk.moment.lexicon.districts
    chosen = [
        Option(str(place), name, lambda talk, code=code: show(talk.noting(district=code), "anonymous"))  # type: ignore[misc]
        for place, (code, name) in enumerate(names, start=1)
    ]
    skip = Option(
        str(len(names) + 1), Phrase("ussd.option.unknown"), lambda talk: show(talk.noting(district=""), "anonymous")
    )
    return (*chosen, skip)


def _anonymous(talk: Talk) -> Turn:
    return show(talk.noting(anonymous="yes"), "summary")


def _not_anonymous(talk: Talk) -> Turn:
    return show(talk.noting(anonymous=""), "summary")


def _summary(talk: Talk) -> Content:
    name = dict(talk.moment.lexicon.districts).get(talk.entry("district"), "")
    key = "ussd.summary_anonymous" if talk.entry("anonymous") else "ussd.summary"
    return key, {"teks": talk.entry("text"), "wilayah": name or Phrase("ussd.no_place")}


def _type_number(talk: Talk, text: str) -> Turn:
    number = numbers.read_number(text, talk.moment.setting.prefix)
    if isinstance(number, WrongCheckDigit):
        return show(talk, "mistyped")
    if number is None:
        return _type_national(talk, numbers.read_sp4n_id(text))
    case = talk.moment.dialogue.case(number)
    if case and not (case.anonymous or case.confidential):
        return show(standing_of(case, talk), "standing")
    return show(talk.noting(number=number), "code")


def _type_national(talk: Talk, sp4n_id: str) -> Turn:
    """Seven digits: the number of SP4N-LAPOR!, found only among own complaints."""
    case = next((each for each in talk.moment.dialogue.cases if sp4n_id and each.sp4n_id == sp4n_id), None)
    if case and not (case.anonymous or case.confidential):
        return show(standing_of(case, talk), "standing")
    return end(talk, "err.sp4n") if sp4n_id else show(talk, "mistyped")


def _type_code(talk: Talk, text: str) -> Turn:
    """No page yet: intake looks the code up, `looked_up` shows what came of it."""
    lookup = StatusLookup(talk.entry("number"), numbers.read_code(text) or text)
    return Turn(talk.moment.dialogue.with_(ussd=talk.session), lookups=(lookup,))


def _standing(talk: Talk) -> Content:
    if talk.case is None:
        return "ussd.number", {}
    return page_values(talk.case, talk.moment.setting)


def _standing_options(talk: Talk) -> tuple[Option, ...]:
    status = talk.entry("status")
    if not status:
        return ()
    more = (Option("1", Phrase("ussd.option.add"), "add"),) if talk.entry("held") or open_action(Status(status)) else ()
    gone = allowed(Action.CANCEL, Status(status)) and not talk.entry("held")
    cancel = (Option("2", Phrase("ussd.option.cancel"), "cancel"),) if gone else ()
    return (*more, *cancel, Option(LEAVE, Phrase("ussd.option.exit"), _leave))


def _type_addition(talk: Talk, text: str) -> Turn:
    number = talk.entry("number")
    action = None if talk.entry("held") else open_action(Status(talk.entry("status")))
    return end(talk, "ussd.added", number).with_(additions=(Addition(number, text, action=action),))


def _cancel(talk: Talk) -> Turn:
    number = talk.entry("number")
    return end(talk, "st.cancelled", number).with_(actions=(CaseAction(number, Action.CANCEL),))


def _keep(talk: Talk) -> Turn:
    return end(talk, "cancel.kept", talk.entry("number"))


def _type_term(talk: Talk, text: str) -> Turn:
    return show(talk.noting(term=text), "meaning")


def _meaning(talk: Talk) -> Content:
    answer = explained(talk.entry("term"), talk.moment.lexicon)
    return answer.key, answer.values


def _sms(talk: Talk) -> Content:
    return ("ussd.sms_is_off" if talk.moment.dialogue.opted_out else "ussd.sms_is_on"), {}


def _sms_options(talk: Talk) -> tuple[Option, ...]:
    is_off = talk.moment.dialogue.opted_out
    label = "ussd.option.sms_on" if is_off else "ussd.option.sms_off"
    return (Option("1", Phrase(label), _switch_sms), Option(LEAVE, Phrase("ussd.option.exit"), _leave))


def _switch_sms(talk: Talk) -> Turn:
    out = not talk.moment.dialogue.opted_out
    turn = end(talk, "ussd.sms_off" if out else "ussd.sms_on")
    return turn.with_(dialogue=turn.dialogue.with_(opted_out=out), opt_out=out)


def _resume(talk: Talk) -> Turn:
    """Go on where the earlier session broke off; it is over now."""
    earlier = talk.moment.dialogue.unfinished
    if earlier is None:
        return show(talk, "main")
    page = earlier.page if earlier.page in AFTER_TEXT else "district"
    session = talk.session.with_(entries=earlier.entries, trail=("main", "text"), page="text")
    turn = show(Talk(talk.moment, session), page) if page != "district" else _ask_district(Talk(talk.moment, session))
    return turn.with_(ends_session=earlier.session_id)


def _earlier_text(talk: Talk) -> Content:
    earlier = talk.moment.dialogue.unfinished
    return "ussd.resume", {"teks": earlier.entry("text") if earlier else ""}


def _text(key: str) -> Callable[[Talk], Content]:
    return lambda talk: (key, {"tiket": talk.entry("number"), "pemda": _government(talk)})


def _government(talk: Talk) -> str:
    name = talk.moment.setting.government
    return f"Kab. {name.removeprefix(REGENCY)}" if name.startswith(REGENCY) else name


def _choices(*options: tuple[str, str, str | Deed]) -> Callable[[Talk], tuple[Option, ...]]:
    made = tuple(Option(key, Phrase(f"ussd.option.{label}"), leads) for key, label, leads in options)
    return lambda _: made


def _retry(key: str) -> Screen:
    return Screen(
        lambda talk: (key, {"n": talk.entry("attempts_left")}),
        _choices(("1", "again", "number"), (LEAVE, "exit", _leave)),
    )


AFTER_TEXT = frozenset({"more_text", "district", "anonymous", "summary"})
# fmt: off
MENU: Mapping[str, Screen] = {
    "main":      Screen(_text("ussd.main"), _choices(("1", "report", "text"), ("2", "track", "number"), ("3", "term", "term"), ("4", "sms", "sms"))),
    "text":      Screen(_text("ussd.text"), typed=_type_report),
    "more_text": Screen(_text("ussd.more_text"), _choices(("1", "done", _ask_district)), typed=_type_report),
    "district":  Screen(_text("ussd.district"), _districts),
    "anonymous": Screen(_text("ussd.anonymous"), _choices(("1", "anonymous", _anonymous), ("2", "no", _not_anonymous))),
    "summary":   Screen(_summary, _choices(("1", "send", send), (LEAVE, "exit", _leave))),
    "number":    Screen(_text("ussd.number"), typed=_type_number),
    "mistyped":  _retry("err.check"),
    "code":      Screen(_text("ussd.code"), typed=_type_code),
    "wrong":     _retry("err.code"),
    "standing":  Screen(_standing, _standing_options),
    "add":       Screen(_text("ussd.add"), typed=_type_addition),
    "cancel":    Screen(_text("ussd.cancel"), _choices(("1", "yes", _cancel), ("2", "no", _keep))),
    "term":      Screen(_text("ussd.term"), typed=_type_term),
    "meaning":   Screen(_meaning, _choices(("1", "search", "term"), (LEAVE, "exit", _leave))),
    "sms":       Screen(_sms, _sms_options),
    "resume":    Screen(_earlier_text, _choices(("1", "resume", _resume), ("2", "new", "main"), (LEAVE, "exit", _leave))),
}
# fmt: on
