"""What every service may ask for, whoever calls it: settings, keys, texts, reference data, channels, time and chance.

Made once per process by `gateway.app`; a transaction carries it as `tx.office`.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from channels.registry import Channel
from config.reference import Reference
from config.settings import Settings
from config.texts import Texts
from gateway.complaints.calendar import Calendar
from gateway.conversation.dialogue import Lexicon
from gateway.file_store import FileStore
from gateway.matrix import Matrix
from gateway.sealing import Keys
from gateway.wording import Wording


@dataclass(frozen=True, slots=True)
class Office:
    settings: Settings
    keys: Keys
    wording: Wording
    reference: Reference
    channels: Mapping[str, Channel]
    files: FileStore
    calendar: Calendar
    lexicon: Lexicon
    now: Callable[[], datetime]
    matrix: Matrix = field(default_factory=Matrix)
    draw: Callable[[int], int] = field(default=secrets.randbelow)
    """A random number below n, from a source that nobody can foresee (secret codes); tests give their own."""

    @property
    def texts(self) -> Texts:
        """What people read, as it is worded at this moment."""
        return self.wording.texts
