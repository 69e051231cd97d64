"""The queue `classify`: a suggestion for every new complaint, and what policy makes of it."""

from collections.abc import Sequence
from pathlib import Path

from config.logging import get_logger
from gateway.app import Gateway
from gateway.complaints.classification import Classifier, Suggestion
from gateway.intake import later_words, triage
from gateway.intake.later_words import Heard, LaterWords
from gateway.intake.triage import Judged, TriageJob
from gateway.operations import classifiers
from gateway.queries import readiness
from gateway.record import rulings
from gateway.record.rulings import Proposed
from workers.classification.serving import Serving
from workers.tools import Tools

log = get_logger(__name__)

BATCH = 64
"""So few that receipts, which need the same database, never wait long for what is done with a batch."""


class Judging:
    """The `Steps` of the queue `classify`."""

    def __init__(self, gateway: Gateway, classifier: Classifier) -> None:
        self._store = gateway.store
        self._classifier = classifier

    def step(self) -> int:
        return self._judge_reports() + self._judge_later_words()

    def _judge_reports(self) -> int:
        with self._store.transaction() as tx:
            jobs = triage.claim(tx, BATCH)
            choice = classifiers.choice(tx) if jobs else None
        if isinstance(self._classifier, Serving) and choice is not None:
            self._classifier.follow(choice)
        # kill point: classify.claimed
        judged = [(job, suggestion) for job in jobs if (suggestion := self._judge(job)) is not None]
        # kill point: classify.judged
        if judged:
            proposed = self._take(judged)
            self._judge_beside([job for job in jobs if job.complaint_id in proposed])
        # kill point: classify.committed
        return len(jobs)

    def _judge_later_words(self) -> int:
        """What reporters added to complaints that were judged before."""
        with self._store.reading() as tx:  # to claim takes the one lock that everybody wants
            if not later_words.any_wait(tx):
                return 0
        with self._store.transaction() as tx:
            claimed = later_words.claim(tx, BATCH)
        heard = [(words, seen) for words in claimed if (seen := self._judge(words)) is not None]
        if heard:
            self._settle(heard)
        return len(claimed)

    def _settle(self, heard: Sequence[Heard]) -> None:
        try:
            with self._store.transaction() as tx:
                later_words.settle(tx, heard)
        except Exception:
            if len(heard) == 1:
                log.exception("suggestion_failed", complaint_id=heard[0][0].complaint_id)
                self._give_up(heard[0][0])
                return
            log.warning("suggestions_apart", size=len(heard), exc_info=True)
            for one in heard:
                self._settle([one])

    def _judge(self, job: TriageJob | LaterWords) -> Suggestion | None:
        try:
            return self._classifier.suggest(job.text)
        except Exception:
            log.exception("classifier_failed", complaint_id=job.complaint_id)
            self._give_up(job)
        return None

    def _judge_beside(self, jobs: Sequence[TriageJob]) -> None:
        """What the model in the shadow would have said is kept, and nothing comes of it. `jobs`: for which the one in use did."""
        beside = self._classifier.shadow if isinstance(self._classifier, Serving) else None
        if beside is None or not jobs:
            return
        try:
            told = [Proposed(job.complaint_id, beside.suggest(job.text)) for job in jobs]
            with self._store.transaction() as tx:
                rulings.proposed(tx, told, shadow=True)
        except Exception:
            log.warning("shadow_failed", model=beside.name, exc_info=True)

    def _take(self, judged: Sequence[Judged]) -> set[int]:
        try:
            with self._store.reading() as tx:
                weighed = triage.weigh(tx, judged)
            with self._store.transaction() as tx:
                proposed = triage.settle(tx, weighed)
                # kill point: classify.written
        except Exception:
            log.warning("suggestions_apart", size=len(judged), exc_info=True)
            return set().union(*(self._alone(job, suggestion) for job, suggestion in judged))
        return proposed

    def _alone(self, job: TriageJob, suggestion: Suggestion) -> set[int]:
        try:
            with self._store.transaction() as tx:
                return triage.take(tx, [(job, suggestion)])
        except Exception:
            log.exception("suggestion_failed", complaint_id=job.complaint_id)
            self._give_up(job)
        return set()

    def _give_up(self, job: TriageJob | LaterWords) -> None:
        with self._store.transaction() as tx:
            if isinstance(job, LaterWords):
                later_words.give_up(tx, job)
            else:
                triage.give_up(tx, job)


def open_work(tools: Tools) -> Judging:
    """The classifier is loaded here, before the process is ready."""
    gateway = tools.gateway
    serving = Serving(gateway.office.reference, Path(gateway.settings.storage.models_dir))
    try:
        with gateway.store.reading() as tx:
            serving.follow(classifiers.choice(tx))
    except Exception as problem:  # a database that is away is waited for; the first batch looks again
        if not readiness.is_database_away(problem):
            raise
    return Judging(gateway, serving)
