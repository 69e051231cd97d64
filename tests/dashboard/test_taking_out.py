"""A list as a file: with a right and a reason, masked, harmless to a spreadsheet, and recorded (SECURITY § 9)."""

import csv
import hashlib
import io
import json

import pytest

from gateway.complaints.complaint import Role
from gateway.reporting.export import harmless
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_channels import audited, queue

REASON = "Bahan rapat koordinasi"


async def taken(desk: Desk, query: str = "tab=semua") -> tuple[bytes, list[list[str]]]:
    path = f"/admin/aduan/ekspor?{query}"
    answer = await desk.press(path, reason=REASON)
    content = await answer.read()
    assert (answer.status, answer.content_type) == (200, "text/csv"), content[:400]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="aduan_20261123-0800.csv"'
    return content, list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


async def test_c10_what_stands_in_the_list_leaves_masked_and_is_recorded(desk: Desk) -> None:
    desk.report("=1+1 lampu mati di Jl Melati, hubungi 081234567890")
    secret = desk.report("Isi yang dirahasiakan pelapornya sendiri", "78")
    with desk.served.tx() as tx:
        tx.execute(tables.complaint.update().where(tables.complaint.c.number == secret).values(confidential=True))
    page = await desk.words("/admin/aduan/ekspor?tab=semua")
    assert "Daftar Semua : 2 aduan" in page
    content, rows = await taken(desk)
    assert rows[0][:3] == ["nomor", "masuk", "kanal"]
    assert [row[0] for row in rows[1:2]] == ["KBR-260000013"]
    assert b"081234567890" not in content
    assert rows[1][rows[0].index("isi")].startswith("'=1+1"), "no spreadsheet takes it for a formula"
    assert ["Jumlah aduan", "1"] in rows
    assert ["Tidak disertakan (rahasia atau sensitif)", "1"] in rows
    assert ["Alasan", REASON] in rows
    assert audited(desk)[-1] == ("exported", REASON)
    with desk.served.tx() as tx:
        details = tx.all(tables.audit.select().order_by(tables.audit.c.seq))[-1].details
    noted = json.loads(details) if isinstance(details, str) else details
    assert noted["sha256"] == hashlib.sha256(content).hexdigest()


async def test_c10_without_a_reason_nothing_leaves(desk: Desk) -> None:
    desk.report("Lampu jalan mati di depan pasar")
    answer = await desk.press("/admin/aduan/ekspor?tab=semua", reason="rapat")
    assert answer.status == 422
    assert "Tulis alasannya, paling sedikit 10 huruf." in await answer.text()
    assert "exported" not in {action for action, _ in audited(desk)}


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.CHANNEL_ADMIN, Role.REGIONAL_HEAD, Role.EVALUATOR])
async def test_c10_for_whom_there_is_no_export_there_is_no_such_page(desk: Desk, role: Role) -> None:
    await desk.become(role)
    await desk.page("/admin/aduan/ekspor", status=404)


async def test_the_channels_leave_as_figures(desk: Desk) -> None:
    queue(desk, 2)
    answer = await desk.served.client.get("/admin/kanal/ekspor")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kanal_20261123-0800.csv"'
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig")), delimiter=";"))
    found = {(row[0], row[2]): dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert found["sms", "Keluar"]["antre"] == "2"
    assert found["sms", "Masuk"]["antre"] == ""
    assert found["sms", "Masuk"]["diterima"] == "0"


# fmt: off
CELLS = [
    # written          in the file
    ("=cmd|'/c'!A1",   "'=cmd|'/c'!A1"),
    ("+628123",        "'+628123"),
    ("-2+3",           "'-2+3"),
    ("@SUM(A1)",       "'@SUM(A1)"),
    ("\tx",            "'\tx"),
    ("\rx",            "'\rx"),
    ("Jalan rusak",    "Jalan rusak"),
]
# fmt: on


@pytest.mark.parametrize(("written", "kept"), CELLS)
def test_c19_a_cell_is_never_a_formula(written: str, kept: str) -> None:
    assert harmless(written) == kept
