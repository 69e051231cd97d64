"""`gateway classify --jsonl` and `gateway classifier evaluate`, as somebody at a terminal meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workers.classification.command import classifier, classify

KEYS = [
    "id", "language", "kind", "topic", "topics", "agency", "agencies", "place", "place_code", "sensitive", "emergency",
    "out_of_authority", "confidence", "reasons",
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
        {"text": "halo", "kind": "bukan_laporan"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert table.exit_code == 0
    assert [line.split()[0] for line in table.stdout.splitlines()] == [
        "task", "kind", "topic", "topic_without_lainnya", "emergency",
    ]  # fmt: skip
    lines = CliRunner().invoke(classifier, ["evaluate", str(file), "--json"]).stdout.splitlines()
    assert json.loads(lines[0]) == {"task": "kind", "rows": 1, "accuracy": 1.0, "macro_f1": 1.0}


@pytest.mark.parametrize("content", ["", "{}\n", "x\n"])
def test_a_label_file_without_usable_lines_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(content, encoding="utf-8")
    outcome = CliRunner().invoke(classifier, ["evaluate", str(file)])
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: ")
