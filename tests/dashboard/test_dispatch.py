"""Pengiriman: a person decides about messages that nobody knows the fate of."""

from gateway.complaints.complaint import Role
from gateway.queries import dispatch
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_channels import audited, queue, states


def shown_ids(desk: Desk) -> list[str]:
    with desk.served.tx() as tx:
        return [one.id for one in dispatch.listed(tx, None, "tak_pasti")]


async def test_messages_stand_there_by_outcome_with_their_receiver_masked(desk: Desk) -> None:
    queue(desk, 2, state="unknown", reason="answer_lost")
    queue(desk, 1, state="failed", reason="blocked")
    page = await desk.words("/admin/pengiriman")
    assert "Tak pasti 2 Gagal 1 Menunggu 0" in page
    assert page.count("+62 812-****-0009") == 2
    assert "Diblokir penerima" in await desk.words("/admin/pengiriman?tab=gagal")


async def test_a_superseded_message_is_no_failure(desk: Desk) -> None:
    queue(desk, 1, state="failed", reason="superseded")
    assert "Gagal 0" in await desk.words("/admin/pengiriman")


async def test_a_decision_is_asked_for_with_the_exact_count_before_it_is_carried_out(desk: Desk) -> None:
    queue(desk, 3, state="unknown")
    chosen = shown_ids(desk)[:2]
    asked = await desk.press("/admin/pengiriman", id=chosen, decision="resend", tab="tak_pasti")
    assert "2 pesan akan dikirim lagi" in await asked.text()
    assert states(desk) == ["unknown"] * 3
    page = await desk.done(
        "/admin/pengiriman", id=chosen, decision="resend", tab="tak_pasti", yes="1", reason="Tidak ada di penyedia"
    )
    assert "2 pesan dikirim ulang." in page
    assert sorted(states(desk)) == ["queued", "queued", "unknown"]
    assert audited(desk)[-1] == ("message_resent", "Tidak ada di penyedia")


async def test_what_arrived_after_all_is_noted_without_sending(desk: Desk) -> None:
    queue(desk, 1, state="unknown")
    await desk.done(
        "/admin/pengiriman",
        id=shown_ids(desk),
        decision="assume",
        tab="tak_pasti",
        yes="1",
        reason="Tampak di akun penyedia",
    )
    assert states(desk) == ["sent"]


async def test_without_a_reason_nothing_happens(desk: Desk) -> None:
    queue(desk, 1, state="unknown")
    answer = await desk.press(
        "/admin/pengiriman", id=shown_ids(desk), decision="resend", tab="tak_pasti", yes="1", reason=""
    )
    assert (answer.status, states(desk)) == (422, ["unknown"])


async def test_nothing_chosen_is_said_so(desk: Desk) -> None:
    queue(desk, 1, state="unknown")
    answer = await desk.press("/admin/pengiriman", decision="resend", tab="tak_pasti")
    assert answer.status == 422
    assert "Pilih paling sedikit satu pesan" in await answer.text()


async def test_the_receiver_of_an_anonymous_report_is_shown_to_nobody(desk: Desk) -> None:
    number = desk.report("Ada pungli di kantor kelurahan, petugas minta uang 50 ribu", "+6281200000009", "sms")
    with desk.served.tx() as tx:
        tx.execute(tables.outbox.update().values(state="unknown"))
        tx.execute(tables.complaint.update().values(anonymous=True))
    page = await desk.words("/admin/pengiriman")
    assert number in page
    assert "0009" not in page.replace(number, "")


async def test_a_technical_role_learns_no_ticket_numbers(desk: Desk) -> None:
    number = desk.report("Sampah di pasar Indra Sari tidak diangkut", "+6281200000009", "sms")
    with desk.served.tx() as tx:
        tx.execute(tables.outbox.update().values(state="unknown"))
    await desk.become(Role.SYSTEM_ADMIN)
    page = await desk.words("/admin/pengiriman")
    assert "Tak pasti 0" not in page
    assert number not in page
