"""The citizens' side of the golden transcripts, replayed against the conversation alone (no database, no channel)."""

import pytest

from tests.conversation.replay import Replay

PURE = [
    "01-telegram-laporan-baru.md",
    "02-telegram-pesan-beruntun.md",
    "03-telegram-anonim-pungli.md",
    "05-sms-status-belum-beres.md",
    "06-sms-kode-instansi-batal.md",
    "07-sms-darurat-berhenti.md",
    "08-ussd-laporan-baru.md",
    "09-ussd-lacak-putus.md",
    "12-telegram-salam-istilah-spam.md",
]


@pytest.mark.parametrize("name", PURE)
def test_a_talk_goes_as_it_is_written(name: str) -> None:
    assert Replay(name).run().differences == []
