"""What belongs to a complaint that is already there: bursts, albums, replies, late photos, repetitions (CASEWORK 4.1, 6-8)."""

from datetime import timedelta

from gateway.complaints.complaint import Action, ArchiveReason, Status
from gateway.complaints.duplicates import text_hash
from gateway.conversation import wording
from gateway.conversation.dialogue import NEW, Dialogue, KnownCase, Question, Subject
from gateway.conversation.moment import Moment, allowed
from gateway.conversation.turn import Addition, Reply, Skip, Turn
from gateway.conversation.turns import about, hush, reply

SHORT_WORDS = 15
JOINS_WITHIN = timedelta(hours=72)
SUBJECTS_KEPT = 8
TAKES_MORE = (Action.COMPLETE, Action.REPLY_TO_ANSWER, Action.REPLY)
ADDED = "added"
"""`Reply.once` of the one confirmation that a burst gets."""
CAPTION = "caption"
"""`Reply.once` of the question that a caption makes needless."""
# Whoever withdrew a report, or was found to send spam, does not bring it back by writing something else.
NOT_RESTORED = frozenset(
    {ArchiveReason.DIBATALKAN_PELAPOR, ArchiveReason.SPAM_TERBUKTI, ArchiveReason.PERMINTAAN_HAPUS_DATA}
)


def action_for(case: KnownCase, moment: Moment) -> Action | None:
    """How the life cycle takes something more from the reporter; None when it does not."""
    if case.held:
        return None
    return open_action(case.status) or (Action.RESTORE if is_restorable(case, moment) else None)


def open_action(status: Status) -> Action | None:
    """The one action by which an open complaint in this status takes more."""
    return next((action for action in TAKES_MORE if allowed(action, status)), None)


def is_restorable(case: KnownCase, moment: Moment) -> bool:
    """Archived or referred out less than 90 days ago, and not by the reporter's own wish."""
    since = case.closed_at or case.status_since
    return (
        allowed(Action.RESTORE, case.status)
        and case.archive_reason not in NOT_RESTORED
        and moment.now - since <= timedelta(days=moment.setting.restore_days)
    )


def takes_more(case: KnownCase, moment: Moment) -> bool:
    return case.held or action_for(case, moment) is not None


def addition(moment: Moment, number: str, action: Action | None, place: str = "") -> Addition:
    message = moment.message
    return Addition(number, moment.text, message.attachments, message.location, place, action)


def append(moment: Moment, case: KnownCase, place: str = "") -> Turn:
    """Add the message to the complaint and say so at once, with the way out (BARU)."""
    told = moment.dialogue.privacy_told
    confirmation = Reply("rx.added", about(case.number), case.number, append_key="" if told else "pv.first")
    return Turn(
        _noted(moment, case.number).with_(privacy_told=True, burst_added=0),
        replies=(confirmation,),
        additions=(addition(moment, case.number, action_for(case, moment), place),),
        withdrawn=((ADDED, case.number), (CAPTION, case.number)),
    )


def join_burst(moment: Moment, number: str) -> Turn:
    """Add the message in passing: one confirmation follows when the sender has been quiet for a while."""
    confirmation = Reply("rx.added", about(number), number, delay_s=moment.setting.burst_s, once=ADDED)
    dialogue = _noted(moment, number)
    return Turn(
        dialogue.with_(burst_added=dialogue.burst_added + 1),
        replies=(confirmation,),
        additions=(addition(moment, number, _passing_action(moment, number)),),
        withdrawn=((CAPTION, number),) if moment.text else (),
    )


def _passing_action(moment: Moment, number: str) -> Action | None:
    """While it is only received, more words are part of the first text; later somebody already reads it."""
    case = moment.dialogue.case(number)
    return None if case is None or case.status is Status.RECEIVED else action_for(case, moment)


def album(moment: Moment) -> Turn | None:
    """Further photos of an album belong to its first one, however late they come, and need no answer of their own."""
    known, number = moment.dialogue, moment.dialogue.album_number
    if not moment.message.album or moment.message.album != known.album or moment.is_over(number):
        return None
    if number == moment.burst and known.burst_added:
        return join_burst(moment, number)
    question, captioned = known.awaiting, bool(moment.text)
    answered = captioned and question is not None and question.kind == Question.CAPTION
    return Turn(
        _noted(moment, number).with_(awaiting=None if answered else question),
        additions=(addition(moment, number, _passing_action(moment, number)),),
        withdrawn=((CAPTION, number),) if captioned else (),
        skip=Skip.DIGEST,
    )


def burst(moment: Moment) -> Turn | None:
    if not moment.burst or not (moment.text or moment.brings_more):
        return None
    if moment.is_courtesy:
        return hush(moment, Skip.DIGEST)
    return join_burst(moment, moment.burst)


def replied(moment: Moment) -> Turn | None:
    """A reply to a message about a complaint that still takes something."""
    case = moment.replied
    if case is None or moment.is_courtesy or not (moment.text or moment.brings_more):
        return None
    return append(moment, case) if takes_more(case, moment) else None


def single_open(moment: Moment) -> Turn | None:
    """A short word without a new subject can only be about the one complaint that is open."""
    case = _the_one(moment)
    if case is None or moment.is_courtesy or not (moment.words or moment.brings_more):
        return None
    if len(moment.words) >= SHORT_WORDS or moment.news_about(case.number):
        return None
    return append(moment, case)


def said_again(moment: Moment) -> Turn | None:
    """The same text of the same sender within `repeat_hours` is noted on the complaint that it opened."""
    if not (moment.dialogue.subjects and moment.words and moment.setting.repeat_hours):
        return None
    key, since = text_hash(moment.text), moment.now - timedelta(hours=moment.setting.repeat_hours)
    known = (each.number for each in moment.dialogue.subjects if each.text_hash == key and each.at >= since)
    number = next((number for number in known if not moment.is_over(number)), "")
    if not number:
        return None
    message = moment.message
    warning = (reply(urgent_notice(moment), number, kontak=moment.lexicon.ppa_contact),) if moment.is_urgent else ()
    return Turn(
        moment.dialogue.with_(burst_last=moment.now) if moment.burst == number else moment.dialogue,
        replies=(*warning, reply("rx.repeat", number)),
        additions=(Addition(number, moment.text, message.attachments, message.location, repeated=True),),
    )


def urgent_notice(moment: Moment) -> str:
    """Key of what is said first to somebody in danger (CASEWORK 9.7)."""
    return "em.violence" if moment.reading.violence else "em.notice"


def _the_one(moment: Moment) -> KnownCase | None:
    """The only open complaint, written to within 72 h; without any, the one that was just closed by somebody else."""
    if len(moment.open_cases) == 1:
        case = moment.open_cases[0]
        return case if moment.now - case.last_message_at <= JOINS_WITHIN and takes_more(case, moment) else None
    newest = next(iter(moment.dialogue.cases), None)
    if newest and not moment.open_cases and is_restorable(newest, moment):
        return newest if moment.now - newest.status_since <= JOINS_WITHIN else None
    return None


def _noted(moment: Moment, number: str) -> Dialogue:
    """What the dialogue keeps of a message that was appended to `number`."""
    known, message = moment.dialogue, moment.message
    news = moment.news_about(number)
    subjects = tuple(
        Subject(each.number, each.words | news, each.text_hash, each.at) if each.number == number else each
        for each in known.subjects
    )
    return known.with_(
        subjects=subjects,
        last_added_number=number,
        last_added_text=moment.text,
        last_added_id=message.external_id,
        last_added_at=moment.now,
        burst_last=moment.now if known.burst_number == number else known.burst_last,
        album=message.album or known.album,
        album_number=number if message.album else known.album_number,
        short_texts=0,
    )


def remembered(moment: Moment, key: str) -> tuple[Subject, ...]:
    """What the dialogue keeps of the complaint that this message opens; `key` is the hash of its text."""
    words = wording.names(moment.words, (), moment.lexicon)
    return (Subject(NEW, words, key, moment.now), *moment.dialogue.subjects)[:SUBJECTS_KEPT]
