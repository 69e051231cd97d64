"""What a new history means, given the one that a session had: the vectors, and what holds for every session."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.ussd.history import Step, StepAction, inputs_of, next_input
from tests.channels.recorded import PAYLOADS

VECTORS = json.loads((PAYLOADS / "ussd_http" / "history-vectors.json").read_text(encoding="utf-8"))["rows"]
typed = st.text(alphabet="0123*# ab", max_size=12)


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: str(row["no"]))
def test_a_vector_holds(row: dict[str, str | None]) -> None:
    assert next_input(row["stored"], row["text"] or "") == Step(StepAction(row["action"]), row["new_input"] or "")


@given(st.lists(typed.filter(lambda text: not text.endswith("#")), min_size=2, max_size=6))
def test_f61_every_input_of_a_session_is_read_as_it_was_typed(inputs: list[str]) -> None:
    """Stars and all (F61); only an empty first input cannot be told from no input."""
    history = inputs[0] or "1"
    for new in inputs[1:]:
        step = next_input(history, f"{history}*{new}")
        assert step == Step(StepAction.INPUT, new)
        history = f"{history}*{new}"


@given(typed)
def test_f60_the_same_step_again_changes_nothing(history: str) -> None:
    assert next_input(history, history).action is StepAction.RETRY


@given(st.none() | typed, typed)
def test_any_two_histories_have_a_meaning(stored: str | None, text: str) -> None:
    assert isinstance(next_input(stored, text), Step)


@pytest.mark.parametrize(
    ("text", "new_input"), [("1*2#", "2"), ("1*#", "#"), ("1*jalan #4 rusak", "jalan #4 rusak"), ("1*98#", "98")]
)
def test_the_hash_that_ends_an_input_is_no_part_of_it(text: str, new_input: str) -> None:
    assert next_input("1", text).new_input == new_input


def test_a_history_we_did_not_follow_is_split_as_well_as_it_can_be() -> None:
    assert inputs_of("1*Jalan rusak*2#") == ("1", "Jalan rusak", "2")
    assert inputs_of("") == ()
