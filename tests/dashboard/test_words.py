"""What screens of staff call things: no code stands where a word is expected."""

import ast
from collections.abc import Iterator
from pathlib import Path

from config.texts import Texts
from gateway.complaints.forward import ForwardState

GATEWAY = Path(__file__).parent.parent.parent / "gateway"
PLACES = {"record": 2, "_note": 1}
"""Functions that write into the record, and where among their arguments the deed stands."""


def test_every_deed_of_the_record_has_words() -> None:
    codes = {code for path in GATEWAY.rglob("*.py") for code in _noted(path)}
    codes |= {f"forward_{state}" for state in set(ForwardState) - {ForwardState.QUEUED, ForwardState.SENDING}}
    assert len(codes) > 30
    keys = Texts.load().keys()
    assert [c for c in sorted(codes) if not {f"label.action.{c}", f"admin.audit.did.{c}"} & keys] == []


def _noted(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            deed = node.args[PLACES[name]] if name in PLACES and len(node.args) > PLACES[name] else None
            if isinstance(deed, ast.Constant) and isinstance(deed.value, str):
                yield deed.value
