"""What the simulated LAPOR! knows: reports, documents, follow-ups, and how a report lives on its virtual clock.

Nothing moves by itself: `catch_up` applies whatever has become due, in order, before anybody looks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from workers.simulators.clock import SimulatorClock

FIRST_REPORT, FIRST_DOCUMENT, FIRST_FOLLOWUP = 8100001, 4100001, 555001
AUTOMATIC = "Selesai otomatis dalam 10 hari"
# What a caller of the control plane names -> their code and word. `{to}` is the institution in charge.
STATUSES: Mapping[str, tuple[str, str]] = {
    "received": ("1", "Belum Terverifikasi"),
    "verified": ("2", "Terverifikasi"),
    "assigned": ("3", "Terdisposisi ke {to}"),
    "in_progress": ("4", "Ditindaklanjuti oleh Instansi"),
    "awaiting_reporter": ("5", AUTOMATIC),
    "reporter_replied": ("6", "Tanggapan Pelapor"),
    "resolved": ("7", "Selesai"),
    "incomplete": ("8", "Tunda"),
    "reopened": ("9", "Dibuka Kembali"),
    "out_of_authority": ("10", "Bukan Kewenangan"),
    "archived": ("11", "Diarsipkan"),
}
# Words of data_logs; the placeholders are filled by whoever reads them.
ASSIGNED_LOG = "Laporan didisposisikan oleh {{institution_from}} ke {{institution_to}}"
CHANGED_LOG = "Status laporan berubah dari {{status_old}} menjadi {{status_new}}"
ANSWERED_AFTER = timedelta(days=2)
ANSWER = "<p>Petugas sudah menindaklanjuti laporan ini di lapangan.</p>"
INSTITUTIONS = (
    (990010, "Dinas Contoh Perhubungan"),
    (990011, "Dinas Contoh Pekerjaan Umum"),
    (990022, "Pemerintah Provinsi Contoh"),
)


class Change(msgspec.Struct, omit_defaults=True):
    """A step of a report's life. `to` is a row of STATUSES; `status_name` overrides its word."""

    at: datetime
    to: str = ""
    status_name: str = ""
    institution_id: int = 0
    note: str = ""
    followup: str = ""
    unasked: bool = False
    """Part of an answer that LAPOR! gives by itself: it waits while that is switched off."""


class StatusLog(msgspec.Struct):
    code: str
    name: str
    at: datetime


class DataLog(msgspec.Struct):
    at: datetime
    content: str
    sender: tuple[int, str]
    receiver: tuple[int, str]
    old: str
    new: str


class Answer(msgspec.Struct):
    """A follow-up. `style`: how reads show its institution (`flat`, `nested`, `placeholder`)."""

    id: int
    at: datetime
    content: str
    sender: tuple[int, str]
    receiver: tuple[int, str] | None = None
    style: str = "flat"
    secret: int = 0
    rating: int = 0
    template: str = "reply"
    attachments: list[str] = []
    files: list[int] = []
    """Documents that stand beside it, to be read by their numbers."""


class Report(msgspec.Struct):
    id: int
    fields: dict[str, Any]
    created_at: datetime
    institution: tuple[int, str]
    documents: list[int] = []
    to: str = ""
    code: str = ""
    status_name: str = ""
    status_logs: list[StatusLog] = []
    data_logs: list[DataLog] = []
    answers: list[Answer] = []
    life: list[Change] = []
    removed: bool = False


class Shelf(Protocol):
    """Keeps the world between two starts."""

    def keep(self, report: Report) -> None: ...

    def keep_document(self, document_id: int, name: str) -> None: ...

    def load(self) -> tuple[list[Report], dict[int, str]]: ...

    def last_numbers(self, report: int, document: int) -> tuple[int, int]: ...

    def clear(self) -> None: ...


class NoReport(KeyError):
    """There is no report with this id."""


class World:
    """Reports by id. `government` is who assigns; every change goes to the shelf, if there is one."""

    def __init__(
        self,
        clock: SimulatorClock,
        government: str,
        institutions: Sequence[tuple[int, str]] = (),
        shelf: Shelf | None = None,
        *,
        answers_unasked: bool = True,
    ) -> None:
        self.clock = clock
        self.answers_unasked = answers_unasked
        self.government = (990001, government)
        self.institutions = dict(institutions or INSTITUTIONS)
        self._shelf = shelf
        self.reports: dict[int, Report] = {}
        self.documents: dict[int, str] = {}
        self.contents: dict[int, bytes] = {}
        """Of documents that can be read again; what was uploaded is only counted."""
        self._last_report, self._last_document = FIRST_REPORT - 1, FIRST_DOCUMENT - 1
        if shelf:
            reports, self.documents = shelf.load()
            self.reports = {report.id: report for report in reports}
            self._last_report, self._last_document = shelf.last_numbers(self._last_report, self._last_document)

    def institution(self, institution_id: int) -> tuple[int, str]:
        return institution_id, self.institutions.get(institution_id, f"Instansi {institution_id}")

    def report(self, report_id: int) -> Report:
        if report_id not in self.reports:
            raise NoReport(report_id)
        return self.reports[report_id]

    def add_document(self, name: str) -> int:
        self._last_document += 1
        self.documents[self._last_document] = name
        if self._shelf:
            self._shelf.keep_document(self._last_document, name)
        return self._last_document

    def add_file(self, content: bytes) -> int:
        """A document that can be read as long as this simulator runs."""
        number = self.add_document("bukti.jpg")
        self.contents[number] = content
        return number

    def create(self, fields: Mapping[str, Any], documents: Sequence[int] = ()) -> Report:
        """A new report, whatever was there before: nothing over there notices a repetition."""
        now = self.clock.now()
        self._last_report += 1
        report = Report(
            id=self._last_report,
            fields=dict(fields),
            created_at=now,
            institution=self.institution(int(fields.get("disposition_id") or 0)),
            documents=[number for number in documents if number in self.documents],
            life=default_life(now),
        )
        self.reports[report.id] = report
        self.apply(report, Change(now, "received"))
        return report

    def duplicate(self, report: Report) -> Report:
        return self.create(report.fields, report.documents)

    def remove(self, report: Report) -> None:
        report.removed = True
        self._keep(report)

    def apply(self, report: Report, change: Change) -> None:
        """One step, in any order: nothing here checks whether it makes sense."""
        if change.institution_id:
            report.institution = self.institution(change.institution_id)
        if change.to or change.status_name:
            self._move(report, change)
        if change.note:
            self._log(report, change.at, change.note, report.status_name, report.status_name)
        if change.followup:
            self.answer(report, change.followup, at=change.at)
        self._keep(report)

    def answer(self, report: Report, content: str, at: datetime | None = None, **shown: Any) -> Answer:
        """A follow-up in the name of the institution in charge, unless `sender` says otherwise."""
        numbers = [answer.id for other in self.reports.values() for answer in other.answers]
        answer = Answer(
            id=max(numbers, default=FIRST_FOLLOWUP - 1) + 1,
            at=at or self.clock.now(),
            content=content,
            **{"sender": report.institution, **shown},
        )
        report.answers.append(answer)
        self._keep(report)
        return answer

    def answered_by_agency(self, report: Report) -> None:
        """An answer brings the report to its end by itself: ten days for the reporter, then closed."""
        now = self.clock.now()
        self.apply(report, Change(now, "in_progress"))
        report.life = [
            Change(now + timedelta(hours=1), "awaiting_reporter"),
            Change(now + timedelta(days=10, hours=1), "resolved"),
        ]
        self._keep(report)

    def script(self, report: Report, life: Sequence[Change]) -> None:
        report.life = sorted(life, key=lambda change: change.at)
        self._keep(report)

    def catch_up(self) -> None:
        """Let everything happen that is due, over all reports in the order of its time."""
        now = self.clock.now()
        due = [
            (change.at, report.id, change)
            for report in self.reports.values()
            for change in report.life
            if change.at <= now and (self.answers_unasked or not change.unasked)
        ]
        for _at, report_id, change in sorted(due, key=lambda item: item[:2]):
            report = self.reports[report_id]
            report.life.remove(change)
            self.apply(report, change)

    def answer_unasked(self, wanted: bool) -> None:
        """Whether LAPOR! answers by itself. What became overdue meanwhile is answered as if it had come in now."""
        if wanted and not self.answers_unasked:
            for report in self.reports.values():
                self._put_off(report)
        self.answers_unasked = wanted

    def _put_off(self, report: Report) -> None:
        now, unasked = self.clock.now(), [change for change in report.life if change.unasked]
        first = min((change.at for change in unasked), default=now + ANSWERED_AFTER)
        if first <= now:
            for change in unasked:
                change.at += now + ANSWERED_AFTER - first
            self._keep(report)

    def reset(self) -> None:
        """Forget everything but the numbers that were given out: the gateway still knows reports by them."""
        self.reports.clear()
        self.documents.clear()
        if self._shelf:
            self._shelf.clear()

    def _move(self, report: Report, change: Change) -> None:
        code, word = STATUSES.get(change.to, ("", ""))
        name = change.status_name or word.format(to=report.institution[1])
        old, report.status_name, report.code, report.to = report.status_name, name, code, change.to
        report.status_logs.append(StatusLog(code, name, change.at))
        if old:
            self._log(report, change.at, ASSIGNED_LOG if change.to == "assigned" else CHANGED_LOG, old, name)

    def _log(self, report: Report, at: datetime, content: str, old: str, new: str) -> None:
        report.data_logs.append(DataLog(at, content, self.government, report.institution, old, new))

    def _keep(self, report: Report) -> None:
        if self._shelf:
            self._shelf.keep(report)


def default_life(born_at: datetime) -> list[Change]:
    """Verified after two hours, assigned after three, answered after two days, closed ten days later."""
    answered_at = born_at + ANSWERED_AFTER
    return [
        Change(born_at + timedelta(hours=2), to="verified"),
        Change(born_at + timedelta(hours=3), to="assigned"),
        Change(answered_at, unasked=True, to="in_progress", followup=ANSWER),
        Change(answered_at + timedelta(hours=1), unasked=True, to="awaiting_reporter"),
        Change(answered_at + timedelta(days=10, hours=1), unasked=True, to="resolved"),
    ]
