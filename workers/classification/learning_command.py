"""`gateway classifier train|list|compare|use|shadow`: an office's own models, from confirmed cases to service and back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from gateway.app import Gateway
from gateway.cli.context import gateway_or_exit
from gateway.complaints import certainty
from gateway.complaints.certainty import Told
from gateway.complaints.classification import BUILTIN
from gateway.complaints.complaint import SYSTEM
from gateway.operations import classifiers
from gateway.operations.classifiers import AlreadyInUse, NoSuchModel, Version
from gateway.queries import confirmed, shadowed
from gateway.record.rulings import TASKS
from workers.classification import learning
from workers.classification.engine import KeywordClassifier
from workers.classification.jsonl import BadLine, read_rows
from workers.classification.learned import LearnedClassifier
from workers.classification.learning import LEAST, LEAST_OF_CLASS, Source
from workers.classification.serving import Serving
from workers.classification.training import Labelled, TooFew, TrainingUnavailable

JSONL = click.option("--jsonl", "file", type=click.File("rb"), help="Labelled texts (`text` and the label under its task's name) instead of the confirmed cases.")  # fmt: skip
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
MOST_CHANGED = 20
BY_CHANCE = 0.05


@click.command("train")
@click.argument("task", type=click.Choice(TASKS))
@JSONL
@click.option("--least", default=LEAST, show_default=True, help="Refuse with fewer cases.")
@click.option("--least-of-class", default=LEAST_OF_CLASS, show_default=True, help="Leave classes with fewer cases out.")
@AS_JSON
def train(task: str, file: BinaryIO | None, least: int, least_of_class: int, as_json: bool) -> None:
    """Learn from what people decided, write a version and its model card; it serves when it is put to use."""
    with _open() as gateway:
        rows, source = _rows(gateway, task, file)
        installed = KeywordClassifier(gateway.office.reference)
        try:
            made = learning.learn(
                task, rows, installed, source,
                now=gateway.clock.now(), least=least, least_of_class=least_of_class, say=lambda words: click.echo(words, err=True),
            )  # fmt: skip
        except (TooFew, TrainingUnavailable) as problem:
            raise click.ClickException(str(problem)) from problem
        path = learning.keep(Path(gateway.settings.storage.models_dir), made)
        with gateway.store.transaction() as tx:
            classifiers.register(tx, made.name, made.sha256, made.card, SYSTEM)
    if as_json:
        click.echo(json.dumps(made.card, ensure_ascii=False))
        return
    told = made.card["validated"]
    click.echo(f"ok: {made.name} in {path}")
    click.echo(f"cross-validated on {told['rows']} cases: {told['accuracy']:.3f} right, {told['top3']:.3f} among three")
    click.echo(f"built-in on the same: {made.card['builtin']['accuracy']:.3f} right; {_verdict(**made.card['gain'])}")
    for one in made.card["thresholds"]:
        click.echo(f"{one['wanted']:.0%} right from {one['least']:.2f} on: {one['coverage']:.0%} of the cases")


@click.command("list")
@AS_JSON
def listing(as_json: bool) -> None:
    """Show the versions, the newest first, and which are in use or in the shadow."""
    with _open() as gateway, gateway.store.reading() as tx:
        found = classifiers.listed(tx)
    if as_json:
        click.echo(json.dumps([{**one.card, "state": one.state} for one in found], ensure_ascii=False))
        return
    for one in found:
        told = one.card["validated"]
        click.echo(
            f"{one.name}  {one.state or '-':6}  {told['rows']:6} cases  {told['accuracy']:.3f} right  {one.made_by}"
        )
    if not any(one.state == classifiers.USE for one in found):
        click.echo(f"in use: {BUILTIN}")


@click.command("use")
@click.argument("version")
def use(version: str) -> None:
    """Put VERSION to use in all running workers; `builtin` goes back to the installed classifier."""
    _choose(version, classifiers.use)
    click.echo(f"ok: {version} in use")


@click.command("shadow")
@click.argument("version")
def shadow(version: str) -> None:
    """Let VERSION propose beside the one in use, without effect; `builtin` ends it."""
    _choose(version, classifiers.shadow)
    click.echo(f"ok: {version} in the shadow" if version != BUILTIN else "ok: nothing in the shadow")


@click.command("compare")
@click.argument("first")
@click.argument("second")
@JSONL
@AS_JSON
def compare(first: str, second: str, file: BinaryIO | None, as_json: bool) -> None:
    """Tell gain from chance between two versions (or `builtin`), on cases that neither was taught.

    Without a file: the cases that people decided after both were made, and what the one in the shadow proposed meanwhile.
    """
    with _open() as gateway:
        versions = [_version(gateway, name) for name in (first, second)]
        task = _task(versions)
        rows = _file_rows(task, file) if file else _later(gateway, task, versions)
        asked = [_classifier(gateway, one) for one in versions]
        told = [[learning.said_by(task, one.suggest(row.text), row.label) for row in rows] for one in asked]
        with gateway.store.reading() as tx:
            beside = shadowed.compared(tx, task, second)
    report = {
        "from": Path(file.name).name if file else "later",
        **_report(task, (first, second), rows, told[0], told[1], beside),
    }
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else "\n".join(_lines(report)))


COMMANDS = (train, listing, compare, use, shadow)
"""Of the group `gateway classifier`."""


def _choose(name: str, choose: Any) -> None:
    with _open() as gateway:
        try:
            with gateway.store.transaction() as tx:
                choose(tx, name, SYSTEM)
        except NoSuchModel as problem:
            raise click.ClickException(f"there is no version {name}; see: gateway classifier list") from problem
        except AlreadyInUse as problem:
            raise click.ClickException(f"{name} is in use; what serves cannot be its own shadow") from problem


@contextmanager
def _open() -> Iterator[Gateway]:
    gateway = gateway_or_exit()
    try:
        yield gateway
    finally:
        gateway.close()


def _rows(gateway: Gateway, task: str, file: BinaryIO | None) -> tuple[list[Labelled], Source]:
    if file is not None:
        return _file_rows(task, file), Source(Path(file.name).name)
    with gateway.store.reading() as tx:
        found = confirmed.confirmed(tx, task)
    days = [f"{one.at:%Y-%m-%d}" for one in found]
    rows = [Labelled(one.text, one.label, one.group) for one in found]
    return rows, Source("database", min(days, default=""), max(days, default=""))


def _file_rows(task: str, file: BinaryIO) -> list[Labelled]:
    rows = []
    for row in read_rows(file):
        if isinstance(row, BadLine):
            raise click.ClickException(str(row))
        if row.get(task):
            rows.append(Labelled(str(row["text"]), str(row[task]), str(row.get("group") or "")))
    return rows


def _version(gateway: Gateway, name: str) -> Version | None:
    if name == BUILTIN:
        return None
    try:
        with gateway.store.reading() as tx:
            return classifiers.version(tx, name)
    except NoSuchModel as problem:
        raise click.ClickException(f"there is no version {name}; see: gateway classifier list") from problem


def _task(versions: Sequence[Version | None]) -> str:
    tasks = {one.task for one in versions if one is not None}
    if len(tasks) != 1:
        raise click.ClickException("name two versions of one task, or one and builtin")
    return tasks.pop()


def _later(gateway: Gateway, task: str, versions: Sequence[Version | None]) -> list[Labelled]:
    """What was decided after both were made; neither can have been taught it."""
    after = max(one.made_at for one in versions if one is not None)
    with gateway.store.reading() as tx:
        return [Labelled(one.text, one.label, one.group) for one in confirmed.confirmed(tx, task, after)]


def _classifier(gateway: Gateway, version: Version | None) -> LearnedClassifier:
    serving = Serving(gateway.office.reference, Path(gateway.settings.storage.models_dir))
    chosen = [(version.task, version.name, version.sha256)] if version else []
    classifier = serving.of(chosen)
    if version and classifier.name != version.name:
        raise click.ClickException(f"{version.name} cannot be read; look at storage.models_dir")
    return classifier


def _report(
    task: str,
    names: tuple[str, str],
    rows: Sequence[Labelled],
    first: Sequence[Told],
    second: Sequence[Told],
    beside: Any,
) -> dict[str, Any]:
    duel = certainty.duel(first, second)
    changed = [
        {"text": row.text[:80], "right": row.label, names[0]: one.said, names[1]: other.said}
        for row, one, other in zip(rows, first, second, strict=True)
        if one.said != other.said
    ]
    return {
        "task": task,
        "names": names,
        "rows": len(rows),
        "figures": [learning.figures(first), learning.figures(second)],
        "gain": {"lost": duel.first_alone, "won": duel.second_alone, "chance": round(duel.chance, 5)},
        "changed": changed,
        "shadow": beside,
    }


def _lines(report: dict[str, Any]) -> Iterator[str]:
    first, second = report["figures"]
    where = "decided after both were made" if report["from"] == "later" else f"of {report['from']}"
    yield f"{report['task']}, {report['rows']} cases {where}"
    for name, told in zip(report["names"], (first, second), strict=True):
        yield f"{name:<32} {told['accuracy']:.3f} right  {told['top3']:.3f} among three  {told['macro_f1']:.3f} macro-F1"
    yield _verdict(**report["gain"])
    for name in sorted({*first["per_class"], *second["per_class"]}):
        many, _, before = first["per_class"][name]
        yield f"  {name:<32} {many:5}  recall {before:.2f} -> {second['per_class'][name][2]:.2f}"
    for one in report["changed"][:MOST_CHANGED]:
        yield f"  {one['right']}: {one[report['names'][0]]} -> {one[report['names'][1]]}  {one['text']}"
    beside = report["shadow"]
    if beside["rows"]:
        yield f"in the shadow: {beside['rows']} complaints, other than in use {beside['changed']}, decided {beside['decided']}: "
        yield f"  right in use {beside['right_in_use']}, right in the shadow {beside['right_in_shadow']}; {_verdict(**beside['gain'])}"


def _verdict(lost: int, won: int, chance: float) -> str:
    if chance >= BY_CHANCE:
        return f"{won} won, {lost} lost: that may be chance (p = {chance:.2g})"
    return f"{won} won, {lost} lost: {'better' if won > lost else 'worse'} beyond chance (p = {chance:.2g})"
