"""`/admin/webhook`: registered, tried, paused, given a new secret, removed; what was told can be told again."""

import re
from datetime import datetime

from gateway.complaints.complaint import Role
from gateway.hooks import queue
from gateway.hooks.queue import Outcome, Verdict
from gateway.web.formats import moment_markup
from tests.dashboard.conftest import Desk, words

GOOD = {"url": "https://1.1.1.1/masuk", "description": "Dasbor", "events": ["complaint.received", "complaint.resolved"]}
SECRET = re.compile(r'name="rahasia"[^>]*value="([\w-]{43})"')


async def registered(desk: Desk) -> tuple[str, str]:
    """Address of its page, and secret."""
    await desk.become(Role.SYSTEM_ADMIN)
    answer = await desk.press("/admin/webhook", **GOOD)
    page = await answer.text()
    assert answer.status == 200, words(page)
    (path,) = set(re.findall(r'action="(/admin/webhook/\w{13})/', page))
    return path, SECRET.findall(page)[0]


def settle(desk: Desk, verdict: Verdict, status: int = 200, error: str = "", next_at: datetime | None = None) -> None:
    with desk.served.tx() as tx:
        (parcel,) = queue.claim(tx, 1, {})
    with desk.served.tx() as tx:
        queue.settle(tx, [Outcome(parcel, verdict, status, 7, error, next_at)])


async def test_an_address_goes_its_whole_way(desk: Desk) -> None:
    path, secret = await registered(desk)
    assert "Menunggu jawaban uji" in await desk.words(path)
    settle(desk, Verdict.DELIVERED)
    page = await desk.page(path)
    assert secret not in page
    assert "Aktif" in words(page)
    (delivery,) = re.findall(r'name="delivery" value="(\w{13})"', page)
    assert "Dikirim ulang" in await desk.done(f"{path}/kirim-ulang", on=path, delivery=delivery)
    assert "Dijeda petugas" in await desk.done(f"{path}/jeda", on=path)
    assert (await desk.press(f"{path}/jeda", on=path)).status == 409
    assert "Webhook berjalan lagi" in await desk.done(f"{path}/lanjutkan", on=path)
    changed = await (await desk.press(f"{path}/ganti-rahasia", on=path)).text()
    assert SECRET.findall(changed)[0] != secret
    assert "Rahasia lama berlaku sampai" in words(changed)
    assert "Dihapus petugas" in await desk.done(f"{path}/hapus", on=path)
    assert "Dasbor" in await desk.words("/admin/webhook")
    for unknown in (f"{path}/entah", "/admin/webhook/0000000000000/jeda", f"{path}/kirim-ulang"):
        assert (await desk.press(unknown, on="/admin/webhook")).status == 404


async def test_every_attempt_is_shown_with_the_time_of_the_next(desk: Desk) -> None:
    path, _ = await registered(desk)
    now = desk.served.moment.now
    settle(desk, Verdict.FAILED, 503, "http_503", now)
    settle(desk, Verdict.FAILED, 0, "timeout", now)
    settle(desk, Verdict.DELIVERED)
    page = await desk.page(path)
    times = re.findall(r'<li value="(\d)">(.*?)</li>', page)
    told = [(number, [words(part) for part in re.split("[:;,] ", told)]) for number, told in times]
    when = words(str(moment_markup(now, desk.served.gateway.office.calendar)))
    assert told == [
        ("1", [when, "http_503", "7 ms", f"dicoba lagi {when}"]),
        ("2", [when, "timeout", "7 ms", f"dicoba lagi {when}"]),
        ("3", [when, "200", "7 ms"]),
    ]


async def test_c23_an_address_that_cannot_be_called_is_refused_in_words(desk: Desk) -> None:
    await desk.become(Role.SYSTEM_ADMIN)
    for wrong, says in (
        ({"url": "https://127.0.0.1/"}, "tidak boleh dipanggil"),
        ({"url": "http://1.1.1.1/"}, "tidak boleh dipanggil"),
        ({"events": []}, "Pilih paling sedikit satu peristiwa"),
        ({"events": ["ping"]}, "Peristiwa ini tidak dikenal"),
        ({"agency": "NONE"}, "Instansi ini tidak dikenal"),
    ):
        answer = await desk.press("/admin/webhook", **(GOOD | wrong))
        assert answer.status == 422
        assert says in words(await answer.text())


async def test_c7_who_looks_over_webhooks_changes_none(desk: Desk) -> None:
    path, _ = await registered(desk)
    await desk.become(Role.PRIVACY_OFFICER)
    assert "Hapus" not in await desk.words(path)
    assert (await desk.press(f"{path}/hapus", on="/admin/webhook")).status == 403
