"""A message becomes a complaint: draft, hold, urgency, and what is said first (CASEWORK 4.1 rules 5, 11, 12; 4.2; 9.7)."""

import re
from datetime import date, datetime, timedelta
from typing import TypedDict

from channels.messages import FormReport, Location
from gateway.complaints.complaint import Draft, Hold, Point, Sensitive, Urgency
from gateway.complaints.duplicates import text_hash
from gateway.conversation import wording
from gateway.conversation.additions import CAPTION, remembered, said_again, urgent_notice
from gateway.conversation.dialogue import NEW, Awaiting, Dialogue, Question
from gateway.conversation.moment import Moment
from gateway.conversation.turn import Reply, Turn
from gateway.conversation.turns import reply

NO_TEXT = "(tanpa teks)"
LONGEST_TEXT = 10_000
CODE_WORDS = 3
"""Words that must follow an agency code, or it is an ordinary word in capitals."""
UNIT_REMEMBERED = timedelta(hours=24)
ANSWER_WITHIN = timedelta(hours=24)
REMARKS = frozenset({"maybe_truncated", "incomplete", "forwarded"})
"""Flags of the message that the complaint keeps."""
SPAM_PHRASES = 3
SPAM_LINKS = 5
SUBSTANCE_WORDS = 6
PRIVACY = "pv.first"
ASKS_FOR_REST = frozenset({"incomplete", "maybe_truncated"})
CUT = frozenset({"maybe_truncated"})
NO_FLAGS: frozenset[str] = frozenset()
Texts = tuple[tuple[str, datetime], ...]
_AGENCY_CODE = re.compile(r"([A-Z0-9-]{2,15})[\s:,.]+(.*)", re.DOTALL)


def new_report(moment: Moment) -> Turn | None:
    """Whatever no other rule took is a new complaint."""
    return open_report(moment)


def only_attachment(moment: Moment) -> Turn | None:
    return open_report(moment) if moment.brings_more and not moment.text else None


def emergency(moment: Moment) -> Turn | None:
    """Danger is answered before anything else. More words about the same danger join its complaint."""
    if not moment.is_urgent:
        return None
    current = moment.dialogue.case(moment.burst)
    return None if current and current.urgent else open_report(moment)


def open_report(moment: Moment) -> Turn:
    """The turn that opens a complaint with this text; the sender's own repetition of a text is only noted."""
    if again := said_again(moment):
        return again
    message, key = moment.message, text_hash(moment.text)
    recent = _recent(moment, key)
    agency, body = read_agency(moment.text, moment)
    unit = _unit_of(moment)
    draft = Draft(
        text=body[:LONGEST_TEXT] or NO_TEXT,
        title=message.title,
        agency_named=agency,
        unit=unit,
        service=unit if unit in moment.lexicon.service_codes else "",
        location_text=message.location.name if message.location else "",
        point=place_of(message.location),
        hold=_judged(moment, recent),
        language=moment.dialogue.language,
        flags=(message.flags & REMARKS) | (CUT if len(body) > LONGEST_TEXT else NO_FLAGS),
        **_danger(moment),
    )
    replies, question = _first_words(moment, draft)
    return Turn(
        _begun(moment, key, recent, replies, question), replies=replies, draft=draft, attachments=message.attachments
    )


def read_agency(text: str, moment: Moment) -> tuple[str, str]:
    """`PUPR saluran air tersumbat …` -> the agency's code and the text without it (CASEWORK 6.1 rule 1)."""
    found = _AGENCY_CODE.match(text)
    if found and len(found[2].split()) >= CODE_WORDS and found[1] in moment.lexicon.agency_codes:
        return moment.lexicon.agency_codes[found[1]], found[2].strip()
    return "", text


def judge(moment: Moment) -> Hold:
    """Whether a person should look first. Nothing is refused: a held report has a number too."""
    if moment.message.is_public:
        return Hold.PUBLIC_COMMENT
    if moment.facts.let_go and not moment.facts.known_spam:
        return Hold.NONE
    if moment.facts.known_spam or _is_spam(moment):
        return Hold.SPAM
    return Hold.ABUSE if _is_only_abuse(moment) else Hold.NONE


def form_report(moment: Moment, form: FormReport) -> Turn:
    """The public form asks for everything itself: no dialogue follows, the receipt goes to the contact that was given."""
    danger = _danger(moment)
    draft = Draft(
        text=moment.text[:LONGEST_TEXT] or NO_TEXT,
        title=form.title,
        unit=form.unit or moment.message.unit,
        topic=form.topic,
        location_text=form.place,
        point=place_of(moment.message.location),
        incident_on=_day(form.incident_on),
        incident_text=form.incident_on,
        anonymous=form.anonymous,
        hold=Hold.SPAM if form.suspicion else judge(moment),
        language=moment.dialogue.language,
        reporter_name=form.name,
        flags=moment.message.flags,
        urgency=danger["urgency"],
        sensitive=danger["sensitive"],
        confidential=form.confidential or danger["confidential"],
    )
    replies, _ = _first_words(moment, draft)
    told = moment.dialogue.privacy_told or _tells_privacy(replies)
    return Turn(
        moment.dialogue.with_(privacy_told=told),
        replies=replies,
        draft=draft,
        attachments=moment.message.attachments,
        receipt_to=form.contact,
    )


def place_of(location: Location | None) -> Point | None:
    return None if location is None else Point(location.latitude, location.longitude, location.precision_m)


class Danger(TypedDict):
    urgency: Urgency
    sensitive: Sensitive
    confidential: bool


def _danger(moment: Moment) -> Danger:
    """What the words alone say about urgency and secrecy."""
    code = moment.reading.violence
    return {
        "urgency": Urgency.DARURAT if moment.is_urgent else Urgency.NORMAL,
        "sensitive": Sensitive(code) if code else Sensitive.NONE,
        "confidential": bool(code),
    }


def _unit_of(moment: Moment) -> str:
    known = moment.dialogue
    remembered_ = known.unit if known.unit_at and moment.now - known.unit_at <= UNIT_REMEMBERED else ""
    return moment.message.unit or remembered_


def _judged(moment: Moment, recent: Texts) -> Hold:
    """Nobody in danger waits for a judgement."""
    if moment.is_urgent:
        return Hold.NONE
    hold, setting = judge(moment), moment.setting
    if hold is not Hold.NONE:
        return hold
    many_texts = bool(setting.flood_texts) and len(recent) > setting.flood_texts
    many_senders = bool(setting.flood_senders) and moment.facts.same_text_senders > setting.flood_senders
    return Hold.FLOOD if many_texts or many_senders else Hold.NONE


def _first_words(moment: Moment, draft: Draft) -> tuple[tuple[Reply, ...], Awaiting | None]:
    """Receipt, or the word that a person looks first; before it the warning, after it what only the sender can mend."""
    if draft.hold is not Hold.NONE:
        public = (Reply("pub.reply", public=True),) if draft.hold is Hold.PUBLIC_COMMENT else ()
        return (*public, Reply("hold.invite" if public else "hold.notice", about=NEW)), None
    if draft.urgency is Urgency.DARURAT or moment.reading.violence:
        # The line on privacy waits for the next receipt: nothing may stand between a warning and its reader.
        warning = reply(urgent_notice(moment), NEW, kontak=moment.lexicon.ppa_contact)
        return (warning, Reply("rx.receipt", about=NEW)), None
    receipt = Reply("rx.receipt", about=NEW, append_key="" if moment.dialogue.privacy_told else PRIVACY)
    if draft.flags & ASKS_FOR_REST:
        return (receipt, Reply("ask.part", about=NEW)), None
    if moment.text:
        return (receipt,), None
    caption = Reply("ask.caption", about=NEW, delay_s=moment.setting.burst_s, once=CAPTION)
    return (receipt, caption), Awaiting(Question.CAPTION, NEW, moment.now + ANSWER_WITHIN)


def _tells_privacy(replies: tuple[Reply, ...]) -> bool:
    return any(answer.append_key == PRIVACY for answer in replies)


def _begun(moment: Moment, key: str, recent: Texts, replies: tuple[Reply, ...], question: Awaiting | None) -> Dialogue:
    """The dialogue right after its sender opened a complaint."""
    message, known = moment.message, moment.dialogue
    return known.with_(
        awaiting=question,
        privacy_told=known.privacy_told or _tells_privacy(replies),
        subjects=remembered(moment, key),
        burst_number=NEW,
        burst_from=moment.now,
        burst_last=moment.now,
        burst_added=0,
        album=message.album or known.album,
        album_number=NEW if message.album else known.album_number,
        last_added_number="",
        last_added_text="",
        last_added_id="",
        last_added_at=None,
        recent_texts=recent,
        short_texts=0,
        unit="",
        unit_at=None,
    )


def _recent(moment: Moment, key: str) -> Texts:
    """Hashes of the different texts that opened complaints lately, this one included."""
    since = moment.now - timedelta(seconds=moment.setting.flood_within_s)
    kept = tuple((known, at) for known, at in moment.dialogue.recent_texts if at >= since and known != key)
    return (*kept, (key, moment.now))


def _is_spam(moment: Moment) -> bool:
    """Nothing but links, advertising with a link, or a heap of advertising words."""
    links = wording.links(moment.text)
    offers = wording.count_of(moment.words, moment.lexicon.spam_index)
    only_links = links > 0 and len(moment.words) < CODE_WORDS
    return only_links or links > SPAM_LINKS or (links > 0 and offers > 0) or offers >= SPAM_PHRASES


def _is_only_abuse(moment: Moment) -> bool:
    lexicon = moment.lexicon
    if lexicon.insults.isdisjoint(moment.words):
        return False
    rest = tuple(word for word in moment.words if word not in lexicon.insults)
    if wording.names(rest, (), lexicon):
        return False
    return sum(word not in lexicon.greetings for word in rest) < SUBSTANCE_WORDS


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
