"""A message becomes a complaint: draft, hold, urgency, and what is said first (CASEWORK 4.1 rules 5, 11, 12; 4.2; 9.7)."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from channels.messages import FormReport, Location, MessageKind
from gateway.complaints.complaint import Draft, Hold, Point, Sensitive, Urgency
from gateway.complaints.duplicates import text_hash
from gateway.conversation import wording
from gateway.conversation.additions import CAPTION, remember, repeated, urgent_notice
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
_AGENCY_CODE = re.compile(r"([A-Z0-9-]{2,15})[\s:,.]+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Danger:
    urgency: Urgency = Urgency.NORMAL
    sensitive: Sensitive = Sensitive.NONE


def new_report(moment: Moment) -> Turn | None:
    """Whatever no other rule took is a new complaint."""
    return open_report(moment, moment.text)


def only_attachment(moment: Moment) -> Turn | None:
    return open_report(moment, "") if moment.brings_more and not moment.text else None


def emergency(moment: Moment) -> Turn | None:
    """Danger is answered before anything else. More words about the same danger join its complaint."""
    if not moment.text or not moment.is_urgent:
        return None
    current = moment.dialogue.case(moment.burst)
    return None if current and current.urgent else open_report(moment, moment.text)


def open_report(moment: Moment, text: str) -> Turn:
    """The turn that opens a complaint with `text`; the sender's own repetition of a text is only noted."""
    if again := repeated(moment, text):
        return again
    agency, body = read_agency(text, moment)
    danger = danger_of(wording.tokens(text), moment)
    hold = Hold.NONE if danger.urgency is Urgency.DARURAT else judge(moment, body)
    draft = replace(
        _plain_draft(moment, body),
        agency_named=agency,
        urgency=danger.urgency,
        sensitive=danger.sensitive,
        confidential=danger.sensitive is not Sensitive.NONE,
        hold=hold,
    )
    replies, dialogue = _first_words(moment, draft, asks_caption=not text)
    return Turn(_begun(dialogue, moment, text), replies=replies, draft=draft, attachments=moment.message.attachments)


def read_agency(text: str, moment: Moment) -> tuple[str, str]:
    """`PUPR saluran air tersumbat …` -> the agency's code and the text without it (CASEWORK 6.1 rule 1)."""
    found = _AGENCY_CODE.match(text)
    if found and len(found[2].split()) >= CODE_WORDS and found[1] in moment.lexicon.agency_codes:
        return moment.lexicon.agency_codes[found[1]], found[2].strip()
    return "", text


def danger_of(words: tuple[str, ...], moment: Moment) -> Danger:
    code = wording.violence(words, moment.lexicon)
    if code:
        return Danger(Urgency.DARURAT, Sensitive(code))
    return Danger(Urgency.DARURAT if wording.is_emergency(words, moment.lexicon) else Urgency.NORMAL)


def judge(moment: Moment, text: str) -> Hold:
    """Whether a person should look first. Nothing is refused: a held report has a number too."""
    if moment.message.kind is MessageKind.COMMENT:
        return Hold.PUBLIC_COMMENT
    if moment.dialogue.facts.known_spam or _is_spam(moment, text):
        return Hold.SPAM
    if _is_flood(moment, text):
        return Hold.FLOOD
    return Hold.ABUSE if _is_only_abuse(moment, text) else Hold.NONE


def form_report(moment: Moment, form: FormReport) -> Turn:
    """The public form asks for everything itself: no dialogue follows, the receipt goes to the contact that was given."""
    danger = danger_of(moment.words, moment)
    draft = replace(
        _plain_draft(moment, moment.text),
        title=form.title,
        unit=form.unit or moment.message.unit,
        topic=form.topic,
        location_text=form.place,
        incident_on=_day(form.incident_on),
        incident_text=form.incident_on,
        anonymous=form.anonymous,
        confidential=form.confidential or danger.sensitive is not Sensitive.NONE,
        sensitive=danger.sensitive,
        urgency=danger.urgency,
        reporter_name=form.name,
        hold=Hold.SPAM if form.suspicion else judge(moment, moment.text),
        flags=moment.message.flags,
    )
    replies, dialogue = _first_words(moment, draft, asks_caption=False)
    return Turn(
        dialogue,
        replies=replies,
        draft=draft,
        attachments=moment.message.attachments,
        receipt_to=form.contact,
    )


def place_of(location: Location | None) -> Point | None:
    return None if location is None else Point(location.latitude, location.longitude, location.precision_m)


def _plain_draft(moment: Moment, text: str) -> Draft:
    message, unit = moment.message, _unit_of(moment)
    cut = frozenset({"maybe_truncated"}) if len(text) > LONGEST_TEXT else frozenset()
    return Draft(
        text=text[:LONGEST_TEXT] or NO_TEXT,
        unit=unit,
        service=unit if unit in moment.lexicon.service_codes else "",
        location_text=message.location.name if message.location else "",
        point=place_of(message.location),
        language=moment.dialogue.language,
        flags=(message.flags & REMARKS) | cut,
    )


def _unit_of(moment: Moment) -> str:
    known = moment.dialogue
    remembered = known.unit if known.unit_at and moment.now - known.unit_at <= UNIT_REMEMBERED else ""
    return moment.message.unit or remembered


def _first_words(moment: Moment, draft: Draft, *, asks_caption: bool) -> tuple[tuple[Reply, ...], Dialogue]:
    """Receipt, or the word that a person looks first; before it the warning, after it what only the sender can mend."""
    if draft.hold is not Hold.NONE:
        public = (Reply("pub.reply", public=True),) if draft.hold is Hold.PUBLIC_COMMENT else ()
        return (*public, Reply("hold.notice", about=NEW)), moment.dialogue
    dialogue, replies, append = moment.dialogue, [], ""
    if draft.urgency is Urgency.DARURAT:
        # The line on privacy waits for the next receipt: nothing may stand between a warning and its reader.
        replies.append(reply(urgent_notice(moment), NEW, kontak=moment.lexicon.ppa_contact))
    elif not dialogue.privacy_told:
        append, dialogue = "pv.first", dialogue.with_(privacy_told=True)
    replies.append(Reply("rx.receipt", about=NEW, append_key=append))
    if draft.flags & {"incomplete", "maybe_truncated"}:
        replies.append(Reply("ask.part", about=NEW))
    elif asks_caption and draft.urgency is Urgency.NORMAL:
        replies.append(Reply("ask.caption", about=NEW, delay_s=moment.setting.burst_s, once=CAPTION))
        dialogue = dialogue.with_(awaiting=Awaiting(Question.CAPTION, NEW, moment.now + ANSWER_WITHIN))
    return tuple(replies), dialogue


def _begun(dialogue: Dialogue, moment: Moment, text: str) -> Dialogue:
    """The dialogue right after its sender opened a complaint."""
    message = moment.message
    question = dialogue.awaiting
    return remember(dialogue, moment, text).with_(
        awaiting=question if question and question.number == NEW else None,
        burst_number=NEW,
        burst_from=moment.now,
        burst_last=moment.now,
        burst_added=0,
        album=message.album or dialogue.album,
        album_number=NEW if message.album else dialogue.album_number,
        last_added_number="",
        last_added_text="",
        last_added_id="",
        last_added_at=None,
        recent_texts=_recent(moment, text),
        short_texts=0,
        unit="",
        unit_at=None,
    )


def _recent(moment: Moment, text: str) -> tuple[tuple[str, datetime], ...]:
    """Hashes of the different texts that opened complaints lately, this one included."""
    since = moment.now - timedelta(seconds=moment.setting.flood_within_s)
    key = text_hash(text)
    kept = tuple((known, at) for known, at in moment.dialogue.recent_texts if at >= since and known != key)
    return (*kept, (key, moment.now))


def _is_flood(moment: Moment, text: str) -> bool:
    setting = moment.setting
    if setting.flood_texts and len(_recent(moment, text)) > setting.flood_texts:
        return True
    return bool(setting.flood_senders) and moment.dialogue.facts.same_text_senders > setting.flood_senders


def _is_spam(moment: Moment, text: str) -> bool:
    """Nothing but links, advertising with a link, or a heap of advertising words."""
    words, links = wording.tokens(text), wording.links(text)
    offers = wording.count_of(words, moment.lexicon.spam)
    only_links = links > 0 and len(words) < CODE_WORDS
    return only_links or links > SPAM_LINKS or (links > 0 and offers > 0) or offers >= SPAM_PHRASES


def _is_only_abuse(moment: Moment, text: str) -> bool:
    words = wording.tokens(text)
    rest = tuple(word for word in words if word not in moment.lexicon.insults)
    if len(rest) == len(words) or wording.names(rest, (), moment.lexicon):
        return False
    return sum(word not in moment.lexicon.greetings for word in rest) < SUBSTANCE_WORDS


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
