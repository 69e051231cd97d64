"""Where a file beside a follow-up is read, and that our keys go nowhere else."""

from typing import Any

import pytest

from tests.forwarders.samples import NOW, settings
from workers.forwarders.sp4n import reading
from workers.forwarders.sp4n.reference import load_reference
from workers.forwarders.sp4n.wire import FileWire, Sp4nWire

BASE = "http://127.0.0.1:9/lapor/3.0.0"
# fmt: off
SHOWN = [
    # as it stands there                                         its address          its name
    ({"id": 1, "name": "a.jpg", "url": "files/1"},               "files/1",           "a.jpg"),
    ({"link": f"{BASE}/files/1"},                                f"{BASE}/files/1",   ""),
    ({"path": "/storage/1.jpg", "url": ""},                      "/storage/1.jpg",    ""),
    ({"file": "files/1", "mime_type": "image/png"},              "files/1",           ""),
    ("uploads/2026/bukti.jpg",                                   "uploads/2026/bukti.jpg", "bukti.jpg"),
    ("lampiran-1.jpg",                                           "",                  "lampiran-1.jpg"),
    ({"id": 1, "name": "a.jpg"},                                 "",                  "a.jpg"),
    (None,                                                       "",                  ""),
]
ADDRESSES = [
    # told                                   read from
    ("files/1",                              f"{BASE}/files/1"),
    ("/storage/1.jpg",                       "http://127.0.0.1:9/storage/1.jpg"),
    ("http://127.0.0.1:9/storage/1.jpg",     "http://127.0.0.1:9/storage/1.jpg"),
    ("https://127.0.0.1:9/storage/1.jpg",    ""),
    ("http://127.0.0.1:10/storage/1.jpg",    ""),
    ("//evil.example/1.jpg",                 ""),
    ("http://127.0.0.1:9@evil.example/1",    ""),
    ("file:///etc/passwd",                   ""),
]
# fmt: on


@pytest.mark.parametrize(("listed", "address", "name"), SHOWN)
def test_a_file_is_found_however_it_is_listed(listed: Any, address: str, name: str) -> None:
    row = {"id": 555001, "created_at": "20-11-2026 14:02:09", "content": "Beres.", "attachments": [listed]}
    event = reading._followup(row, load_reference(), NOW)
    assert [(file.address, file.name) for file in event.files] == [(address, name)]
    assert reading._followup({**row, "attachments": "[]"}, load_reference(), NOW).files == ()


@pytest.mark.parametrize(("told", "read"), ADDRESSES)
def test_our_keys_go_to_the_host_of_the_api_alone(told: str, read: str) -> None:
    wire = FileWire(Sp4nWire(settings(), load_reference(), "satupintu"), 1)
    assert wire.address(told) == read
