"""`/admin/token`: made and shown once, refused where something is wrong, revoked."""

import re

from gateway.complaints.complaint import Role
from tests.dashboard.conftest import Desk, words

GOOD = {"name": "Dasbor", "owner": "Dinas Kominfo", "scopes": ["complaints:read", "channels:read"], "days": "30"}


async def test_a_token_is_shown_once_used_and_revoked(desk: Desk) -> None:
    await desk.become(Role.SYSTEM_ADMIN)
    answer = await desk.press("/admin/token", **GOOD, networks="127.0.0.0/8 10.0.0.0/8")
    page = await answer.text()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    (token,) = re.findall(r'value="(spt_[a-z0-9]{8}_[\w-]{43})"', page)
    listed = await desk.page("/admin/token")
    assert token not in listed
    assert "Belum pernah" in words(listed)
    called = await desk.served.client.get("/api/v1/channels", headers={"Authorization": f"Bearer {token}"})
    assert called.status == 200
    done = await desk.done(f"/admin/token/{token[4:12]}/cabut", on="/admin/token")
    assert "Token dicabut" in done
    assert "Dicabut" in done
    again = await desk.press(f"/admin/token/{token[4:12]}/cabut", on="/admin/token")
    assert again.status == 404


async def test_a_token_that_cannot_be_made_is_refused_in_words(desk: Desk) -> None:
    await desk.become(Role.SYSTEM_ADMIN)
    for wrong, says in (
        ({"name": "x"}, "Isi nama"),
        ({"owner": ""}, "Isi penanggung jawab"),
        ({"scopes": []}, "Pilih paling sedikit satu izin"),
        ({"scopes": ["root"]}, "Pilih paling sedikit satu izin"),
        ({"agency": "NONE"}, "Instansi ini tidak dikenal"),
        ({"networks": "somewhere"}, "Tulis jaringan"),
        ({"days": "731"}, "Isi 1 sampai 730 hari"),
        ({"days": "-1"}, "Isi 1 sampai 730 hari"),
    ):
        answer = await desk.press("/admin/token", **(GOOD | wrong))
        assert answer.status == 422
        assert says in words(await answer.text())


async def test_c7_who_looks_over_tokens_cannot_make_them(desk: Desk) -> None:
    await desk.become(Role.PRIVACY_OFFICER)
    assert "Buat token" not in await desk.words("/admin/token")
    assert (await desk.press("/admin/token", **GOOD)).status == 403
