"""What each command does. None means that the message is an ordinary text after all."""

import re
from dataclasses import dataclass
from datetime import timedelta

from gateway.complaints import number as numbers
from gateway.complaints.complaint import Action, Status
from gateway.complaints.number import WrongCheckDigit
from gateway.conversation import answers, wording
from gateway.conversation.additions import ADDED, addition, append, is_restorable, takes_more
from gateway.conversation.dialogue import Awaiting, KnownCase, Question
from gateway.conversation.glossary import explained
from gateway.conversation.moment import Moment
from gateway.conversation.reports import open_report
from gateway.conversation.standing import label, status_list, status_reply
from gateway.conversation.turn import CaseAction, NewCode, Phrase, Reply, StatusLookup, TermProposal, Turn, Wish
from gateway.conversation.turns import reply, say

MOVED_WITHIN = timedelta(minutes=15)
CONFIRMED_WITHIN = timedelta(hours=1)
FEWEST_LETTERS = 4
REOPENINGS = 2
SERVICES_LISTED = 6
LANGUAGES = {"id": "id", "indonesia": "id", "en": "en", "inggris": "en", "english": "en"}
OFF = re.compile(r"(?:mati|off)\b", re.IGNORECASE)
_OWN_DATA = re.compile(r"data saya[\s:.,-]*", re.IGNORECASE)
_NUMBER_FIRST = re.compile(r"((?:[A-Za-z]{2,5}[\s.-]*)?\d[\d-]+)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it was typed. `emphatic`: in capitals or with a slash, so that nobody meant an ordinary word."""

    word: str
    rest: str
    emphatic: bool
    slashed: bool


def show_help(moment: Moment, _: Call) -> Turn:
    return say(moment, "help.main")


def start(moment: Moment, call: Call) -> Turn:
    """/start: a greeting the first time, then help. The unit of a deep link is kept for the next report."""
    unit = moment.message.unit or (call.rest if call.rest.upper() in moment.lexicon.units else "")
    dialogue = moment.dialogue
    if unit:
        dialogue = dialogue.with_(unit=unit, unit_at=moment.now)
    greeted = dialogue.greeted_at
    again = greeted and moment.now - greeted < timedelta(hours=moment.setting.greeting_hours)
    return Turn(
        dialogue.with_(greeted_at=greeted if again else moment.now),
        replies=(Reply("help.main" if again else "greet.short"),),
    )


def unknown(moment: Moment) -> Turn:
    return say(moment, "help.short")


def report(moment: Moment, call: Call) -> Turn:
    """LAPOR isi: a new complaint whatever is open. Alone, the next text is one."""
    if moment.brings_more or wording.has_letters(call.rest, FEWEST_LETTERS):
        return open_report(moment.saying(call.rest))
    return _asks_for_report(moment)


def report_another(moment: Moment, call: Call) -> Turn | None:
    """BARU isi. Alone, the last appended message becomes a complaint of its own.

    In small letters "baru" also begins ordinary sentences: then it stays in the text, and joins a burst as any other.
    """
    if not call.emphatic and call.rest:
        return None if moment.burst else open_report(moment)
    if moment.brings_more or wording.has_letters(call.rest, FEWEST_LETTERS):
        return open_report(moment.saying(call.rest))
    return _move_last(moment) or _asks_for_report(moment)


def own_number(moment: Moment) -> Turn | None:
    """An own ticket number instead of a command: alone it asks where that report stands, with words it adds to it."""
    typed = _NUMBER_FIRST.fullmatch(moment.text)
    number = numbers.read_number(typed[1], moment.setting.prefix) if typed else None
    case = moment.dialogue.case(number) if isinstance(number, str) else None
    if typed is None or case is None:
        return None
    if not typed[2]:
        return Turn(moment.dialogue, replies=(status_reply(case, moment.setting),))
    return append(moment, case) if takes_more(case, moment) else None


def show_status(moment: Moment, call: Call) -> Turn:
    if not call.rest:
        return _own_standing(moment)
    number, code = numbers.read_number_and_code(call.rest.rstrip(" .!?"), moment.setting.prefix)
    if isinstance(number, WrongCheckDigit):
        return say(moment, "err.check")
    if number is None:
        return _national_standing(moment, numbers.read_sp4n_id(call.rest))
    case = moment.dialogue.case(number)
    if case:
        return Turn(moment.dialogue, replies=(status_reply(case, moment.setting),))
    return Turn(moment.dialogue, lookups=(StatusLookup(number, code),))


def cancel(moment: Moment, call: Call) -> Turn:
    """BATAL alone ends an open question; else it asks whether the complaint shall really be cancelled."""
    question = moment.awaiting
    if not call.rest and question:
        key = "cancel.kept" if question.number else "cancel.question"
        return Turn(moment.dialogue.with_(awaiting=None), replies=(reply(key, question.number),))
    case = _meant(moment, call.rest, "BATAL")
    if isinstance(case, Turn):
        return case
    if not moment.may(Action.CANCEL, case):
        return say(moment, "err.cancel")
    return _asks(moment, Question.CANCEL, case, reply("ask.cancel", case.number))


def new_code(moment: Moment, call: Call) -> Turn:
    case = _meant(moment, call.rest, "KODE")
    return case if isinstance(case, Turn) else Turn(moment.dialogue, lookups=(NewCode(case.number),))


def propose_term(moment: Moment, call: Call) -> Turn | None:
    """USUL isi, for the glossary. "Usul jembatan di dusun 3" is an aspiration: it names a subject, and becomes a report."""
    if not call.rest:
        return say(moment, "glos.help")
    if wording.names(wording.tokens(call.rest), (), moment.lexicon):
        return None
    return Turn(moment.dialogue, replies=(Reply("glos.proposed"),), lookups=(TermProposal(call.rest),))


def agree(moment: Moment, _: Call) -> Turn:
    return answers.yes(moment)


def decline(moment: Moment, _: Call) -> Turn:
    return answers.no(moment)


def not_done(moment: Moment, call: Call) -> Turn | None:
    """BELUM, alone or with what is missing; without an answer to speak of, a sentence that begins so is a report."""
    if call.rest and answers.answered_case(moment) is None:
        return None
    says_no_more = wording.whole(moment.text) in moment.lexicon.not_yet
    return answers.not_yet(moment, text="" if says_no_more else call.rest)


def rate(moment: Moment, call: Call) -> Turn:
    *given, mark = call.rest.rstrip(" .!?").rsplit(maxsplit=1)
    number = numbers.read_number(given[0], moment.setting.prefix) if given else ""
    return answers.rate(moment, mark[-1], number) if isinstance(number, str) else say(moment, "err.check")


def anonymous(moment: Moment, call: Call) -> Turn:
    return _mark(moment, call.rest, "ANONIM")


def confidential(moment: Moment, call: Call) -> Turn:
    return _mark(moment, call.rest, "RAHASIA")


def reopen(moment: Moment, call: Call) -> Turn:
    """BUKA nomor [alasan]: within 30 days, twice; a third wish goes to the coordinator."""
    typed = _NUMBER_FIRST.fullmatch(call.rest)
    resolved = [case for case in moment.dialogue.cases if case.status is Status.RESOLVED]
    case = _meant(moment, typed[1] if typed else "", "BUKA", among=resolved or None)
    if isinstance(case, Turn):
        return case
    if is_restorable(case, moment):
        addition_ = addition(moment, case.number, Action.RESTORE)
        return Turn(moment.dialogue, replies=(reply("rx.added", case.number),), additions=(addition_,))
    if not moment.may(Action.REOPEN, case):
        return say(moment, "err.refused", case.number, status=label(case.status))
    if moment.now - (case.closed_at or case.status_since) > timedelta(days=moment.setting.reopen_days):
        return say(moment, "err.reopen_late", case.number)
    if case.reopen_count >= REOPENINGS:
        wish = Wish("third_reopen", case.number, typed[2] if typed else "")
        return Turn(moment.dialogue, replies=(reply("err.reopen_limit", case.number),), lookups=(wish,))
    return Turn(
        moment.dialogue,
        replies=(reply("st.reopened", case.number),),
        actions=(CaseAction(case.number, Action.REOPEN, {"reason": (typed[2].strip() if typed else "")}),),
    )


def explain_privacy(moment: Moment, _: Call) -> Turn:
    turn = say(moment, "pv.long")
    return Turn(turn.dialogue.with_(privacy_told=True), replies=turn.replies)


def erase_data(moment: Moment, _: Call) -> Turn:
    """HAPUS DATA: a person answers within three days; nothing is erased by itself."""
    return Turn(moment.dialogue, replies=(Reply("pv.erase"),), lookups=(Wish("erase_data"),))


def copy_data(moment: Moment, _: Call) -> Turn:
    """SALINAN DATA: a copy of what we keep about them."""
    return Turn(moment.dialogue, replies=(Reply("pv.erase"),), lookups=(Wish("copy_data"),))


def correct_data(moment: Moment, call: Call) -> Turn | None:
    """RALAT DATA SAYA and what is wrong. In capitals or with a slash only: "Ralat data saya di DTKS" is a complaint."""
    if not call.emphatic:
        return None
    said = _OWN_DATA.sub("", call.rest)
    return Turn(moment.dialogue, replies=(Reply("pv.erase"),), lookups=(Wish("correct_data", text=said),))


def explain_term(moment: Moment, call: Call) -> Turn:
    return Turn(moment.dialogue, replies=(explained(call.rest, moment.lexicon) if call.rest else Reply("glos.help"),))


def list_services(moment: Moment, _: Call) -> Turn:
    lines = tuple(Phrase("svc.line", {"layanan": name}) for _, name in moment.lexicon.services[:SERVICES_LISTED])
    return Turn(moment.dialogue, replies=(Reply("svc.list" if lines else "svc.none", lines=lines),))


def language(moment: Moment, call: Call) -> Turn:
    wanted = LANGUAGES.get(call.rest.casefold().rstrip(" .!?"), "")
    if wanted not in moment.setting.languages:
        return say(moment, "lang.list")
    return Turn(moment.dialogue.with_(language=wanted), replies=(Reply("lang.set"),))


def _own_standing(moment: Moment) -> Turn:
    """All open complaints, or the one there is; without any, the one that was closed last."""
    cases, setting = moment.open_cases, moment.setting
    if len(cases) > 1:
        return Turn(moment.dialogue, replies=(status_list(cases, setting),))
    newest = next(iter((*cases, *moment.dialogue.cases)), None)
    return Turn(moment.dialogue, replies=(status_reply(newest, setting) if newest else Reply("st.none"),))


def _national_standing(moment: Moment, sp4n_id: str) -> Turn:
    """Seven digits are a number of SP4N-LAPOR!: only own complaints are found by it."""
    case = next((each for each in moment.dialogue.cases if sp4n_id and each.sp4n_id == sp4n_id), None)
    if case:
        return Turn(moment.dialogue, replies=(status_reply(case, moment.setting),))
    return say(moment, "err.sp4n" if sp4n_id else "err.check")


def _meant(moment: Moment, rest: str, word: str, among: list[KnownCase] | None = None) -> KnownCase | Turn:
    """The own complaint that a command is about; a turn that says why there is none.

    Without a number it must be the only one: among the open ones, or `among`.
    """
    if rest:
        number = numbers.read_number(rest.rstrip(" .!?"), moment.setting.prefix)
        if not isinstance(number, str):
            return say(moment, "err.check")
        return moment.dialogue.case(number) or say(moment, "err.not_yours")
    if moment.replied:
        return moment.replied
    cases = list(moment.open_cases) if among is None else among
    if len(cases) == 1:
        return cases[0]
    return say(moment, "err.which", perintah=word, n=str(len(cases))) if cases else say(moment, "err.none")


def _mark(moment: Moment, rest: str, mark: str) -> Turn:
    """ANONIM and RAHASIA, on the complaint given or the last one; MATI behind them takes it back after a YA."""
    off = OFF.match(rest)
    typed = rest[off.end() :].strip() if off else rest
    case = _meant(moment, typed, mark, among=list(moment.dialogue.cases[:1]))
    if isinstance(case, Turn):
        return case
    raised, lowered, question = MARKS[mark]
    if off:
        if not moment.may(lowered, case):
            return say(moment, "err.refused", case.number, status=label(case.status))
        return _asks(moment, question, case, reply("ask.unset", case.number, jenis=mark))
    is_set = case.anonymous if mark == "ANONIM" else case.confidential
    actions = () if is_set else (CaseAction(case.number, raised),)
    return Turn(moment.dialogue, replies=(reply("pv.set", case.number, jenis=mark),), actions=actions)


MARKS = {
    "ANONIM": (Action.RAISE_ANONYMOUS, Action.LOWER_ANONYMOUS, Question.LOWER_ANONYMOUS),
    "RAHASIA": (Action.RAISE_CONFIDENTIAL, Action.LOWER_CONFIDENTIAL, Question.LOWER_CONFIDENTIAL),
}


def _asks(moment: Moment, question: Question, case: KnownCase, asked: Reply) -> Turn:
    awaiting = Awaiting(question, case.number, moment.now + CONFIRMED_WITHIN)
    return Turn(moment.dialogue.with_(awaiting=awaiting), replies=(asked,))


def _asks_for_report(moment: Moment) -> Turn:
    awaiting = Awaiting(Question.REPORT, "", moment.now + MOVED_WITHIN)
    return Turn(moment.dialogue.with_(awaiting=awaiting), replies=(Reply("ask.whatsup"),))


def _move_last(moment: Moment) -> Turn | None:
    """The message that was appended last, at most 15 minutes ago, becomes a complaint of its own."""
    known = moment.dialogue
    if not (known.last_added_number and known.last_added_at) or moment.now - known.last_added_at > MOVED_WITHIN:
        return None
    turn = open_report(moment.saying(known.last_added_text))
    if turn.draft is None:
        return turn
    # Others of the same burst stay where they are and still want their confirmation.
    withdrawn = ((ADDED, known.last_added_number),) if known.burst_added <= 1 else ()
    return Turn(
        turn.dialogue,
        replies=turn.replies,
        draft=turn.draft,
        withdrawn=withdrawn,
        moved_from=known.last_added_number,
        moved_message=known.last_added_id,
    )
