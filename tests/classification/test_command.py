"""`gateway classify --jsonl` and `gateway classifier evaluate`, as somebody at a terminal meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workers.classification.command import classifier, classify
from workers.classification.score_tables import bench_lines
from workers.classification.stages import Bench

KEYS = [
    "id", "language", "language_confidence", "kind", "topic", "topics", "agency", "agencies", "place", "place_code", "point",
    "sensitive", "emergency", "out_of_authority", "hold", "confidence", "reasons",
]  # fmt: skip


@pytest.fixture(autouse=True)
def built_in_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)


def run(lines: str | bytes) -> Result:
    return CliRunner().invoke(classify, ["--jsonl"], input=lines)


def test_each_text_is_answered_in_order_with_every_key() -> None:
    texts = ["jalan rusak di sidorejo", "halo", "ada ular masuk rumah tolong"]
    outcome = run("".join(json.dumps({"id": f"r{number}", "text": text}) + "\n" for number, text in enumerate(texts)))
    answers = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert outcome.exit_code == 0
    assert [answer["id"] for answer in answers] == ["r0", "r1", "r2"]
    assert all(list(answer) == KEYS for answer in answers)
    assert answers[0]["topics"][0] == {"code": "pekerjaan-umum", "confidence": answers[0]["topics"][0]["confidence"]}
    assert (answers[1]["topic"], answers[1]["agency"], answers[1]["place"]) == (None, None, None)
    assert [answer["emergency"] for answer in answers] == [False, False, True]
    assert answers[0]["sensitive"] is False


BAD_LINES = [
    # line                      what stderr says
    (b"no json",                "not JSON"),
    (b'["text"]',               "object"),
    (b'{"id": 1}',              "key text"),
    (b'{"id": 1, "text": 5}',   "key text"),
    (b"\xff\xfe",               "not UTF-8"),
    (b"[" * 200_000,            "nested"),
    (b'{"text": "a", "id": ' + b"1" * 5_000 + b"}", "not JSON"),
    (b'{"text": "a", "id": NaN}',        "number"),
    (b'{"text": "a", "id": 1e999}',      "number"),
    (b'{"text": "a", "id": "\\ud800"}', "not Unicode"),
    (b'{"text": "lubang \\udc00"}',     "not Unicode"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "problem"), BAD_LINES)
def test_a_bad_line_is_named_and_the_others_are_answered(line: bytes, problem: str) -> None:
    outcome = run(b'{"id": 1, "text": "halo"}\n\n' + line + b'\n{"id": 2, "text": "halo"}\n')
    assert outcome.exit_code == 1
    assert [json.loads(answer)["id"] for answer in outcome.stdout.splitlines()] == [1, 2]
    assert outcome.stderr.startswith("line 3: ")
    assert problem in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_nothing_in_is_nothing_out() -> None:
    outcome = run("")
    assert (outcome.exit_code, outcome.stdout) == (0, "")


def test_the_form_must_be_named() -> None:
    assert CliRunner().invoke(classify, [], input="").exit_code == 2


def test_an_evaluation_prints_a_row_per_task(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [
        {"text": "jalan rusak", "topic": "pekerjaan-umum", "emergency": False},
        {"text": "halo", "kind": "bukan_laporan", "agency": "PU"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert (table.exit_code, table.stderr) == (0, "Warning: agency not known here, never right: PU\n")
    assert [line.split()[0] for line in table.stdout.split("\n\n")[0].splitlines()] == [
        "task", "kind", "topic", "topic_without_lainnya", "agency", "emergency",
    ]  # fmt: skip
    assert "kind accuracy                     0.920      1.000        met" in table.stdout
    lines = CliRunner().invoke(classifier, ["evaluate", str(file), "--json"]).stdout.splitlines()
    assert json.loads(lines[0]) == {
        "task": "kind",
        "rows": 1,
        "accuracy": 1.0,
        "macro_f1": 1.0,
        "goals": [{"goal": "kind accuracy", "least": 0.92, "reached": 1.0, "met": True}],
        "classes": {"bukan_laporan": {"rows": 1, "precision": 1.0, "recall": 1.0}},
        "confusion": {"bukan_laporan": {"bukan_laporan": 1}},
    }


def test_missed_warnings_are_listed_with_what_was_seen_and_what_held_it_back(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [
        {"id": "a", "text": "usul pelatihan pencegahan kebakaran untuk ibu-ibu", "emergency": True},
        {"id": "b", "text": "jalan berlubang", "emergency": True},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    listed = CliRunner().invoke(classifier, ["evaluate", str(file), "--misses", "emergency"]).stdout
    assert listed.startswith("a: yes, not - (0.00)\n    usul pelatihan")
    assert "- signs: kebakaran" in listed
    assert "- held back by: " in listed
    assert "b: yes, not - (0.00)\n    jalan berlubang\n    - " in listed
    assert listed.count(" by what was learned; ") == 2
    assert listed.endswith("    - no sign of it was seen\n")


def test_a_bench_tells_the_time_of_each_stage_and_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "jalan rusak di sidorejo"}\n{"text": "halo"}\n', encoding="utf-8")
    told = json.loads(CliRunner().invoke(classifier, ["bench", str(file), "--json"]).stdout)
    assert list(told["stages_us"]) == [
        "language", "normalise", "danger", "topic", "kind", "hold", "place", "agency", "explain",
    ]  # fmt: skip
    assert told["texts"] == 2
    assert min(told["mean_us"], told["p99_us"], told["build_ms"], told["with_mib"]) > 0
    goals = told.pop("goals")
    assert [goal["goal"] for goal in goals] == ["language and topic, us", "altogether, us", "memory, MiB"]
    lines = list(bench_lines(Bench(**told)))
    assert any(line.startswith("2 texts, ") for line in lines)
    assert lines[-1].startswith("memory, MiB ")


WRONG_LABELS = [
    # line                             what stderr says
    ('{"text": "x", "kind": 5}',       "line 2: key kind must be a string or null"),
    ('{"text": "x", "topic": ["a"]}',  "line 2: key topic must be a string or null"),
    ('{"text": "x", "sensitive": "no"}', "line 2: key sensitive must be true or false or null"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "problem"), WRONG_LABELS)
def test_a_label_of_the_wrong_kind_is_named_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(f'{{"text": "halo"}}\n{line}\n', encoding="utf-8")
    outcome = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert (outcome.exit_code, outcome.stderr) == (1, f"Error: {problem}\n")


@pytest.mark.parametrize("content", ["", "{}\n", "x\n"])
def test_a_label_file_without_usable_lines_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(content, encoding="utf-8")
    outcome = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: ")


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"text": "air mati", "topic": "energi"}\n', encoding="utf-8")
    outcome = CliRunner().invoke(classifier, ["evaluate", str(file), "--trained", "topic"])
    assert (outcome.exit_code, outcome.stderr) == (1, "Error: texts of at least two classes are needed\n")


LAMP = {"incident": "lamp 7", "at": "2026-11-02T19:10+07:00", "text": "Lampu jalan di Jl Merak Sidorejo mati"}
TWIN = {
    "incident": "lamp 7",
    "at": "2026-11-03T06:00+07:00",
    "text": "pju jl merak sidorejo padam, gelap",
    "latitude": -2,
}
OTHER = {"incident": "lamp 8", "at": "2026-11-03T06:30+07:00", "text": "Sampah menumpuk di pasar Sidorejo"}


def test_reports_of_one_incident_are_measured_by_what_is_shown_beside_each(tmp_path: Path) -> None:
    file = tmp_path / "incidents.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (LAMP, TWIN, OTHER)))
    outcome = CliRunner().invoke(classifier, ["evaluate", "--json", str(file)])
    found = json.loads(outcome.stdout.splitlines()[-1])
    assert found["task"] == "same_incident"
    assert (found["rows"], found["incidents"], found["wanted"], found["shown"]) == (3, 2, 2, 2)
    assert (found["precision"], found["recall"], found["first_right"]) == (1.0, 1.0, 1.0)
    assert "same_incident" in CliRunner().invoke(classifier, ["evaluate", str(file)]).stdout


@pytest.mark.parametrize("wrong", [{"at": "yesterday"}, {"at": None}, {"latitude": "south"}, {"latitude": True}])
def test_an_incident_without_its_time_or_with_a_wrong_point_is_refused(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    file = tmp_path / "incidents.jsonl"
    file.write_text(json.dumps({**LAMP, **wrong}))
    outcome = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert outcome.exit_code == 1
    assert ("at is needed" if "at" in wrong else "must be a number") in outcome.stderr
