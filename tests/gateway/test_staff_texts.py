"""What an officer is told of a reporter's reaction."""

from collections.abc import Callable

import pytest

from gateway.intake.arrival import Arrival
from gateway.notices import staff_texts
from gateway.record import cases
from gateway.storage.store import Store
from tests.gateway.short_ways import REPORT, answered, member

Telegram = Callable[..., Arrival]


# fmt: off
SAID = [
    # notice         words of the reporter          what the officer reads
    ("pic.replied",  {"text": "Masih berlubang"},   'Pelapor KBR-260000013 menjawab: "Masih berlubang"'),
    ("pic.replied",  {},                            "Pelapor KBR-260000013 menanggapi tanpa keterangan. Lihat rincian."),
    ("pic.reopened", {},                            "KBR-260000013 dibuka kembali oleh pelapor tanpa keterangan."),
]
# fmt: on
@pytest.mark.parametrize(("key", "inputs", "text"), SAID)
def test_words_are_quoted_and_a_pressed_button_or_a_photo_quotes_nothing(
    store: Store, telegram: Telegram, key: str, inputs: dict[str, str], text: str
) -> None:
    case = answered(store, telegram(REPORT))
    officer, channel = member(store), store.office.channels["tg"]
    with store.transaction() as tx:
        row = cases.row_of(tx, case.number)
        said, _ = staff_texts.compose(tx, key, row, officer, channel, inputs)
    assert said.startswith(text)
