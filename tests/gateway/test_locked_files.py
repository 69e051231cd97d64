"""A file is its process's alone while that lives, and nothing is left of one that could not be made."""

from pathlib import Path

import pytest

from gateway.operations import locked_files


def test_it_is_taken_when_its_process_has_let_go_of_it(tmp_path: Path) -> None:
    made = locked_files.create(tmp_path, "a.spool")
    made.write(b"kept")
    assert locked_files.take(tmp_path / "a.spool") is None
    made.close()
    taken = locked_files.take(tmp_path / "a.spool")
    assert taken is not None
    with taken:
        assert taken.read() == b"kept"
        assert locked_files.take(tmp_path / "a.spool") is None, "one heir at a time"
    assert locked_files.take(tmp_path / "gone.spool") is None


def test_nothing_is_left_of_one_that_could_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "a.spool").mkdir()
    with pytest.raises(OSError, match="directory"):
        locked_files.create(tmp_path, "a.spool")
    assert [path.name for path in tmp_path.iterdir()] == ["a.spool"]
