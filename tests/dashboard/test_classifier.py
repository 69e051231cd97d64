"""Pengklasifikasi: figures of what people decided, links to what the reader may open, versions that are used and rolled back."""

from datetime import timedelta
from typing import Any

from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import SYSTEM, Action, Hold, Role
from gateway.intake import triage
from gateway.operations import classifiers
from gateway.record import automatic, cases
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_channels import audited
from tests.dashboard.test_complaint import apply

SCREEN = "/admin/mutu/pengklasifikasi"
NAME = "topic-20261123-1a2b3c4d"
TOLD = ("pekerjaan-umum", "perhubungan")
CARD: dict[str, Any] = {
    "task": "topic",
    "version": "20261123-1a2b3c4d",
    "source": {"name": "database", "first": "2026-10-01", "last": "2026-11-20"},
    "rows": 240,
    "reporters": 201,
    "classes": {"pekerjaan-umum": 150, "perhubungan": 90},
    "left_out": {"kesehatan": 3},
    "words": 812,
    "validated": {
        "rows": 240, "accuracy": 0.8, "top3": 0.95, "macro_f1": 0.7, "calibration_error": 0.04,
        "per_class": {"pekerjaan-umum": [150, 0.85, 0.8], "perhubungan": [90, 0.7, 0.8]},
        "confusion": [["pekerjaan-umum", "pekerjaan-umum", 120], ["pekerjaan-umum", "perhubungan", 30],
                      ["perhubungan", "pekerjaan-umum", 18], ["perhubungan", "perhubungan", 72]],
        "bins": [[40, 0.45, 0.5], [80, 0.71, 0.7], [120, 0.93, 0.96]],
    },
    "builtin": {"accuracy": 0.6, "top3": 0.8},
    "gain": {"lost": 10, "won": 58, "chance": 0.00001},
    "thresholds": [{"wanted": 0.9, "least": 0.81, "coverage": 0.5, "precision": 0.96, "lower": 0.92, "many": 120}],
    "baseline": {"sure": 0.74, "unknown": 0.12},
    "library": "scikit-learn 1.9.1",
}  # fmt: skip


def trained(desk: Desk, name: str = NAME) -> str:
    with desk.served.tx() as tx:
        classifiers.register(tx, name, "ab" * 32, CARD, SYSTEM)
    return name


def decided(desk: Desk, text: str, proposed: str, decided_: str, sure: float, sender: str) -> str:
    """Somebody writes, the machine proposes, the coordinator decides."""
    number = desk.report(text, sender)
    suggestion = Suggestion(
        topics=(Ranked(proposed, sure),), agencies=(Ranked("PUPR", sure),), confidence=min(sure, 0.8), unknown=0.2
    )
    with desk.served.tx() as tx:
        triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 10)])
    apply(desk, number, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic=decided_)
    return number


def furnished(desk: Desk) -> list[str]:
    now = desk.served.moment.now
    numbers = []
    for at, (said, right) in enumerate(
        [(TOLD[0], TOLD[0]), (TOLD[0], TOLD[0]), (TOLD[1], TOLD[0]), (TOLD[1], TOLD[1])]
    ):
        numbers.append(
            decided(desk, f"Jalan berlubang di gang {at}, sudah lama", said, right, 0.5 + at / 10, str(300 + at))
        )
    with desk.served.tx() as tx:
        first = cases.by_number(tx, numbers[0])
        assert first is not None
        earlier = {"at": now - timedelta(days=15)}
        tx.execute(tables.proposal.update().where(tables.proposal.c.complaint_id == first.id).values(**earlier))
    return numbers


async def test_the_screen_tells_how_often_people_agreed_and_what_they_put_right(desk: Desk) -> None:
    assert "Belum ada saran yang diputuskan petugas" in await desk.words(SCREEN)
    numbers = furnished(desk)
    told = await desk.words(SCREEN)
    assert "3 dari 4 saran benar (75 %)." in told
    assert "Perhubungan → Pekerjaan Umum" in told or "→" in told
    page = await desk.page(SCREEN)
    table = page.partition("Paling sering diperbaiki</h3>")[2]
    assert f'href="/admin/aduan/{numbers[2]}"' in table
    assert all(f'href="/admin/aduan/{number}"' not in table for number in (*numbers[:2], numbers[3]))
    assert page.count("<circle") == 4
    assert "<polyline" in page
    assert 'style="' not in page
    assert "4 dari 4 saran benar" in await desk.words(f"{SCREEN}?tugas=kind")
    with desk.served.tx() as tx:  # what turned confidential is counted no more
        row = cases.by_number(tx, numbers[2])
        assert row is not None
        cases.amend(tx, row.id, confidential=True)
    assert "3 dari 3 saran benar (100 %)." in await desk.words(SCREEN)


async def test_the_screen_tells_what_people_made_of_what_was_held(desk: Desk) -> None:
    screen = f"{SCREEN}?tugas=hold"
    assert "Belum ada saran" in await desk.words(screen)
    numbers = [desk.report(f"Kami bisa bantu urus semuanya {n}", sender=str(90 + n)) for n in range(3)]
    with desk.served.tx() as tx:
        triage.take(tx, [(job, Suggestion(hold=Hold.SPAM)) for job in triage.claim(tx, 10)])
    for number in numbers[:2]:
        apply(desk, number, Action.ARCHIVE, archive_reason="spam_terbukti", reason="Iklan, sudah dilihat petugas.")
    apply(desk, numbers[2], Action.RELEASE)
    told = await desk.words(screen)
    assert "2 dari 3 saran benar (67 %)." in told
    assert "Diduga spam → Bukan spam 1" in told
    assert f'href="/admin/aduan/{numbers[2]}"' in await desk.page(screen)
    assert "Yang tidak pernah ditahan tidak dihitung" in told


async def test_somebody_who_may_open_nothing_sees_counts_without_numbers(desk: Desk) -> None:
    numbers = furnished(desk)
    await desk.become(Role.SYSTEM_ADMIN)
    page = await desk.page(SCREEN)
    assert "3 dari 4 saran benar" in page
    assert not [number for number in numbers if number in page]


async def test_a_version_is_put_to_use_watched_and_rolled_back(desk: Desk) -> None:
    name = trained(desk)
    address = f"{SCREEN}/versi"
    assert "belajar dari satu kantor" in await desk.words(f"{SCREEN}/model/{name}")
    assert f"Model {name}: bayangan diatur." in await desk.done(f"{address}/bayangan", SCREEN, versi=name)
    assert f"Model {name} dipakai mulai sekarang." in await desk.done(f"{address}/pakai", SCREEN, versi=name)
    assert "tidak dapat menjadi bayangannya" in await desk.done(f"{address}/bayangan", SCREEN, versi=name)
    assert "Kembali ke bawaan" in await desk.words(SCREEN)
    await desk.done(f"{address}/pakai", SCREEN, versi="builtin")
    with desk.served.tx() as tx:
        assert classifiers.choice(tx) == classifiers.Choice()
    assert [one for one, _ in audited(desk) if one.startswith("model_")] == [
        "model_trained",
        "model_shadowed",
        "model_used",
        "model_used",
    ]
    for part, versi in (("pakai", "topic-0"), ("apa", name)):
        assert (await desk.press(f"{address}/{part}", SCREEN, versi=versi)).status == 404
    await desk.become(Role.EVALUATOR)
    assert "/versi/" not in await desk.page(SCREEN)
    assert (await desk.press(f"{address}/pakai", SCREEN, versi=name)).status == 403


async def test_a_person_switches_automatic_assignment_on_again(desk: Desk) -> None:
    with desk.served.tx() as tx:
        automatic._write(tx, automatic.Standing(off_since=tx.now))
    assert "Mati sendiri karena terlalu banyak" in await desk.words(SCREEN)
    assert "Penerusan otomatis dinyalakan lagi." in await desk.done(f"{SCREEN}/nyalakan", SCREEN)
    assert "Mati sendiri" not in await desk.words(SCREEN)
