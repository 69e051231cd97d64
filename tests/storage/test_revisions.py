"""Which migrations there are is read from their file names, which Alembic must find in the same order."""

from alembic.script import ScriptDirectory

from gateway.storage.engine import MIGRATIONS, revisions


def test_file_names_tell_the_revisions_in_alembics_order() -> None:
    walked = [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert revisions() == walked[::-1]
