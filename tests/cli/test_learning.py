"""`gateway classifier train|list|compare|use|shadow`: learned at a terminal, serving without a restart, rolled back, compared."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from channels.messages import Address, InboundMessage, RawRequest
from config.load import load
from config.reference import Reference
from gateway.app import Gateway, open_gateway, prepare
from gateway.cli.main import gateway as command
from gateway.complaints.classification import Suggestion
from gateway.intake.arrival import Arrival
from gateway.intake.intake import receive
from gateway.operations import classifiers
from gateway.storage import tables
from gateway.storage.store import Transaction
from tests.cli.test_operating import SETTINGS
from workers.classification.engine import VAGUE, KeywordClassifier
from workers.classification.learned import LearnedClassifier
from workers.classification.learning import Source, learn
from workers.classification.linear import LinearModel, Reading, features_of
from workers.classification.serving import Serving
from workers.classification.training import Labelled
from workers.classify import Judging

Run = Callable[..., Result]
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLACES = ("pasar", "kantor lurah", "simpang tiga", "belakang masjid", "depan rumah")
# What these words mean is decided by this office alone: no word list knows them.
MATTERS = {
    "perhubungan": "klotok rusak mogok",
    "pekerjaan-umum": "gorong gorong ambrol",
    "kesehatan": "obat posyandu habis",
}
CASES = [
    {"text": f"{words} di {place} nomor {number}", "topic": topic, "group": f"{number}"}
    for topic, words in MATTERS.items()
    for number, place in enumerate(PLACES)
    for _ in range(1)
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    file = tmp_path / "gateway.toml"
    models = f'[storage]\nmodels_dir = "{tmp_path}/models"\n'
    text = SETTINGS.format(folder=tmp_path) + '[channels.tg]\nkind = "sandbox"\n'
    file.write_text(text.replace("[storage]\n", models))
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    prepare(load())
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES))
    return lambda *arguments: CliRunner().invoke(command, ["classifier", *arguments])


@pytest.fixture(scope="module")
def classifier() -> KeywordClassifier:
    return KeywordClassifier(Reference.load())


@pytest.fixture
def gateway(run: Run) -> Iterator[Gateway]:
    opened = open_gateway(load())
    yield opened
    opened.close()


def says(gateway: Gateway, text: str, number: int) -> Transaction:
    message = InboundMessage(f"u:{number}", Address("tg", str(number)), text)
    with gateway.store.transaction() as tx:
        receive(tx, [Arrival("tg", [message], RawRequest("POST"), tx.now)])
    return tx


def proposals(gateway: Gateway, *, shadow: bool = False) -> list[tuple[str, str]]:
    table = tables.proposal
    with gateway.store.reading() as tx:
        rows = tx.all(table.select().where(table.c.shadow.is_(shadow)).order_by(table.c.complaint_id))
    return [(row.model, row.topic) for row in rows]


def test_a_model_is_taught_used_in_running_workers_and_rolled_back(run: Run, gateway: Gateway, tmp_path: Path) -> None:
    cases = str(tmp_path / "cases.jsonl")
    made = run("train", "topic", "--jsonl", cases, "--least", "10", "--least-of-class", "3", "--json")
    assert made.exit_code == 0, made.output
    card = json.loads(made.stdout)
    name = card["name"]
    assert (card["rows"], card["classes"], card["source"]["name"]) == (
        15,
        dict.fromkeys(sorted(MATTERS), 5),
        "cases.jsonl",
    )
    assert card["validated"]["accuracy"] > card["builtin"]["accuracy"]
    again = run("train", "topic", "--jsonl", cases, "--least", "10", "--least-of-class", "3")
    assert f"ok: {name} in" in again.output, "the same cases are the same version"

    serving = Serving(gateway.office.reference, tmp_path / "models")
    judging = Judging(gateway, serving)
    with gateway.store.reading() as tx:
        serving.follow(classifiers.choice(tx))
    report = "klotok mogok di pasar, penumpang terlantar"
    says(gateway, f"{report} satu", 71)
    judging.step()
    assert run("shadow", name).exit_code == 0
    says(gateway, f"{report} dua", 72)
    judging.step()
    assert proposals(gateway, shadow=True) == [(name, "perhubungan")]
    assert run("use", name).exit_code == 0
    assert "is in use" in run("shadow", name).output
    says(gateway, f"{report} tiga", 73)
    judging.step()
    assert run("use", "builtin").exit_code == 0
    says(gateway, f"{report} empat", 74)
    judging.step()
    used = proposals(gateway)
    assert [model for model, _ in used] == ["builtin", "builtin", name, "builtin"]
    assert used[2][1] == "perhubungan"

    assert run("list").output == f"{name}  -           15 cases  1.000 right  system\nin use: builtin\n"
    compared = run("compare", "builtin", name, "--jsonl", cases)
    assert compared.exit_code == 0, compared.output
    assert "won, 0 lost" in compared.output
    assert run("compare", "builtin", "builtin").exit_code == 1
    with gateway.store.reading() as tx:
        done = [row.action for row in tx.all(tables.audit.select().order_by(tables.audit.c.seq))]
    assert [one for one in done if one.startswith("model_")] == [
        "model_trained",
        "model_shadowed",
        "model_used",
        "model_used",
    ]


def test_too_few_cases_and_unknown_versions_are_said(run: Run) -> None:
    few = run("train", "topic")
    assert (few.exit_code, "0 confirmed cases" in few.output) == (1, True)
    for command_ in ("use", "shadow"):
        assert "there is no version topic-0" in run(command_, "topic-0").output


def test_a_text_of_which_no_word_was_taught_is_left_to_the_installed_classifier(classifier: KeywordClassifier) -> None:
    def nothing(task: str) -> LinearModel:
        return LinearModel(task, "1", ("a", "b"), (0, 0), features_of({"klotok": ((0, 100),)}, {"klotok": 1.0}), 1.0)

    learned = LearnedClassifier(classifier, {f"{task}-1": nothing(task) for task in ("topic", "agency", "kind")})
    for text in ("Jalan berlubang di Sidorejo", "xyzzy", "", "halo"):
        installed = classifier.suggest(text)
        assert learned.suggest(text) == replace(installed, model="agency-1+kind-1+topic-1")
    taught = learned.suggest("klotok rusak di Kumai")
    assert (taught.topic, taught.agency, taught.kind) == ("a", "a", "a")
    assert "“klotok” (dipelajari dari keputusan petugas)" in " ".join(taught.reasons)


VAGUE_REPORT = "kantor kecamatan kumai tutup jam 10 pagi"


def test_without_a_model_the_installed_classifier_says_it_all(classifier: KeywordClassifier) -> None:
    installed = classifier.suggest(VAGUE_REPORT)
    assert (installed.topic, installed.confidence) == ("lainnya", VAGUE), "else nothing is held back here"
    assert LearnedClassifier(classifier, {}).suggest(VAGUE_REPORT) == installed
    sure = LinearModel(
        "agency", "1", ("DLH", "PUPR"), (900, 0), features_of({"kantor": ((0, 100),)}, {"kantor": 1.0}), 1.0
    )
    assert LearnedClassifier(classifier, {"agency-1": sure}).suggest(VAGUE_REPORT).confidence == VAGUE


@dataclass
class Reader:
    """A classifier as far as learning needs it; `hint`: what its word lists say of the first topic, by reference data."""

    hint: float

    def read(self, _task: str, text: str) -> Reading:
        return Reading(text.split(), {"perhubungan": self.hint} if "klotok" in text else {})

    def suggest(self, _text: str) -> Suggestion:
        return Suggestion()


def test_what_is_learned_otherwise_from_the_same_cases_is_another_version() -> None:
    """Else its file took the place of one that serves, whose checksum was registered."""
    rows = [Labelled(str(case["text"]), str(case["topic"]), str(case["group"])) for case in CASES]
    made = [
        learn("topic", rows, cast("KeywordClassifier", Reader(hint)), Source("x"), now=NOW, least=10, least_of_class=3)
        for hint in (1.0, 1.0, 8.0)
    ]
    assert made[0].content == made[1].content != made[2].content
    assert made[0].name == made[1].name != made[2].name


def test_a_file_that_comes_after_the_choice_serves_without_a_restart(tmp_path: Path) -> None:
    serving = Serving(Reference.load(), tmp_path)
    model = LinearModel("topic", "1", ("a", "b"), (0, 0), features_of({"klotok": ((0, 100),)}, {"klotok": 1.0}), 1.0)
    content = model.to_json()
    chosen = ("topic", "topic-1", hashlib.sha256(content.encode()).hexdigest())
    with capture_logs() as logs:
        for _ in range(3):
            serving.follow(classifiers.Choice((chosen,)))
    assert [line["event"] for line in logs] == ["model_not_loaded", "classifier_chosen"], "said once"
    (tmp_path / "topic-1.json").write_text(content)
    serving.follow(classifiers.Choice((chosen,)))
    assert serving.suggest("klotok mogok").model == "topic-1"
    lost = ("topic", "topic-2", "0" * 64)
    serving.follow(classifiers.Choice((chosen,), (lost,)))
    assert serving.shadow is None, "nothing stands in for a model in the shadow that is not there"


def test_what_was_taught_before_topics_and_agencies_changed_is_not_proposed(tmp_path: Path) -> None:
    reference = Reference.load()
    serving, chosen = Serving(reference, tmp_path), []
    for task, gone, still in (("topic", "topik-lama", "perhubungan"), ("agency", "DINAS-LAMA", "DISHUB")):
        model = LinearModel(
            task, "1", (gone, still), (900, 0), features_of({"klotok": ((0, 500),)}, {"klotok": 1.0}), 1.0
        )
        content = model.to_json()
        (tmp_path / f"{task}-1.json").write_text(content)
        chosen.append((task, f"{task}-1", hashlib.sha256(content.encode()).hexdigest()))
    serving.follow(classifiers.Choice(tuple(chosen)))
    told = serving.suggest("klotok rusak di Kumai")
    assert ([one.code for one in told.topics], [one.code for one in told.agencies]) == (["perhubungan"], ["DISHUB"])
    assert told.confidence < 0.01, "what it is surest of is not there any more"


def test_a_model_that_was_changed_on_disk_does_not_serve(run: Run, gateway: Gateway, tmp_path: Path) -> None:
    cases = str(tmp_path / "cases.jsonl")
    made = run("train", "topic", "--jsonl", cases, "--least", "10", "--least-of-class", "3", "--json")
    name = json.loads(made.stdout)["name"]
    run("use", name)
    file = tmp_path / "models" / f"{name}.json"
    file.write_text(file.read_text().replace("klotok", "becak"))
    serving = Serving(gateway.office.reference, tmp_path / "models")
    with gateway.store.reading() as tx, capture_logs() as logs:
        serving.follow(classifiers.choice(tx))
    assert serving.suggest("klotok mogok").model == "builtin"
    assert [line["event"] for line in logs] == ["model_not_loaded", "classifier_chosen"]
