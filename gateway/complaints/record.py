"""Values that every message makes and changes several times."""

from typing import Self

import msgspec


class Record(msgspec.Struct, frozen=True):
    """Like a frozen dataclass, made and copied at a tenth of its cost (docs/performance.md)."""

    def with_(self, **changes: object) -> Self:
        """A copy with these fields changed. TypeError for a field that there is not."""
        return msgspec.structs.replace(self, **changes)
