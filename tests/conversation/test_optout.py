"""Leaving and coming back (docs/channels/README.md § 5)."""

import json
from pathlib import Path

import pytest

from gateway.conversation.optout import read_opt
from tests.conversation.town import town

VECTORS = Path(__file__).parents[1] / "vectors" / "optout.json"
ROWS = json.loads(VECTORS.read_text(encoding="utf-8"))["rows"]
MEANS = {"opt_out": True, "opt_in": False}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['no']}-{row['text']}")
def test_f92_only_a_whole_message_opts_out_or_in(row: dict[str, str]) -> None:
    assert read_opt(row["text"]) is MEANS.get(row["expect"])


def test_telegrams_start_is_no_consent() -> None:
    assert read_opt("/start") is None


def test_leaving_is_confirmed_once_and_coming_back_too() -> None:
    street = town("sms")
    assert street.write("STOP") == [
        "Anda tidak akan menerima pesan lagi. Laporan tetap diproses. Kirim MULAI utk aktif lagi."
    ]
    assert street.turns[-1].opt_out is True
    assert street.write("stop") == []
    assert street.turns[-1].skip == "OPTED_OUT"
    assert street.write("MULAI") == ["Pesan aktif kembali. Tulis laporan kapan saja, atau balas BANTUAN."]
    assert street.turns[-1].opt_out is False


def test_who_left_may_still_report() -> None:
    street = town("sms")
    street.write("STOP")
    assert "No KBR-" in street.write("Jembatan dusun 3 lapuk dan hampir putus")[0]
    assert all(reply.direct for reply in street.turns[-1].replies)


def test_f92_a_plea_to_stop_something_is_a_complaint() -> None:
    street = town("sms")
    street.write("Tolong berhentikan pungli ini")
    assert street.turns[-1].opt_out is None
    assert street.turns[-1].draft is not None
