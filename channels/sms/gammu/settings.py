"""Keys of a Gammu channel."""

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from channels.sms.gammu.dialects import SCHEMES, is_readable
from config.settings import Secret

SPOOL = "/var/spool/gammu"


@dataclass(frozen=True, slots=True)
class GammuSettings:
    number: str
    """The number of the SIM card, which citizens write to."""
    inbox_path: str = f"{SPOOL}/inbox"
    outbox_path: str = f"{SPOOL}/outbox"
    sent_path: str = f"{SPOOL}/sent"
    error_path: str = f"{SPOOL}/error"
    """The four folders of smsd, as its configuration names them."""
    smsdrc: str = ""
    """Its configuration, read by `gateway channels check`; empty = not looked at."""
    database: Secret | None = None
    """smsd's database in place of its folders: `mysql://user:password@host/smsd`, `postgresql://…`, `sqlite:////var/lib/gammu/smsd.db`."""
    phone_id: str = ""
    """`PhoneID` of smsd; with `database` only."""
    charset: str = "utf-8"
    """How texts without a byte order mark are read (`InboxFormat = standard`)."""
    dcs8_charset: str = ""
    """How 8-bit messages are read (latin-1); empty = they go to quarantine."""
    time_zone: str = "Asia/Jakarta"
    """Of the machine that smsd runs on: its file names carry no zone."""
    max_segments: int = field(default=10, metadata={"min": 1, "max": 20})
    outbox_limit: int = field(default=20, metadata={"min": 1, "max": 500})
    """Messages that may wait in smsd's folder; the others wait with us, where they can still take another way."""
    hung_after_minutes: float = field(default=15, metadata={"min": 1})
    """After which a modem that takes nothing counts as hung."""
    keep_days: int = field(default=7, metadata={"min": 3, "max": 365})
    """How long files that are done with stay beside the folder."""

    def __post_init__(self) -> None:
        if self.database and urlsplit(self.database.reveal()).scheme not in SCHEMES:
            raise ValueError("database must begin with mysql://, mariadb://, postgresql:// or sqlite:////path")
        if self.database and not is_readable(self.database.reveal()):
            raise ValueError("database is no URL that can be read; in a password write % as %25, @ as %40, / as %2F")
        if bool(self.database) != bool(self.phone_id):
            raise ValueError("database and phone_id belong together: phone_id is PhoneID of smsd's configuration")
        folders = [Path(path) for path in (self.inbox_path, self.outbox_path, self.sent_path, self.error_path)]
        if not all(folder.is_absolute() for folder in folders):
            raise ValueError("inbox_path, outbox_path, sent_path and error_path must begin with /")
        if len(set(folders)) != len(folders):
            raise ValueError("inbox_path, outbox_path, sent_path and error_path must be four different folders")
        try:
            ZoneInfo(self.time_zone)
            for charset in (self.charset, self.dcs8_charset or self.charset):
                codecs.lookup(charset)
        except LookupError as problem:
            raise ValueError(f"time_zone, charset or dcs8_charset: {problem}") from None
