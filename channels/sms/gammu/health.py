"""What is wrong between us and smsd, in sentences that say what to do."""

import configparser
import os
from pathlib import Path

from channels.sms.gammu.database import NEWEST, OLDEST, Database
from channels.sms.gammu.folders import Folders
from channels.sms.gammu.settings import GammuSettings

HUNG = (
    "nothing has left the outbox of smsd for {minutes:g} minutes: the modem hangs, smsd does not run, or the SIM card has"
    " no credit. `systemctl status gammu-smsd`, then pull the modem out and in, and restart smsd."
    " Waiting messages are kept; the screen of the channel can move them to another."
)
NOT_A_FOLDER = "{key} {path} is no folder: compare it with the same line of smsd's configuration"
NOT_ALLOWED = "{key} {path} cannot be read and written by us: put this user into the group of smsd (docs/channels/gammu.md § Set-up)"
BACKUPS = "inbox_path holds .smsbackup files: set InboxFormat = unicode in smsd's configuration and restart it"
NOT_READABLE = "smsdrc {path} cannot be read"
# Option of smsd -> values it must have (none = it must not be set), and what happens otherwise.
OPTIONS = (
    ("service", {"files"}, "only the files back end is read here"),
    ("inboxformat", {"unicode"}, "texts lose letters in other formats"),
    ("transmitformat", {"auto"}, "letters outside the SMS alphabet leave as question marks"),
    ("runonreceive", set[str](), "a script there holds smsd up for two minutes with each SMS"),
    ("deliveryreport", {"log", "no", ""}, "`sms` puts delivery reports among the messages of citizens"),
)
NO_DATABASE = (
    "the database of smsd cannot be used ({problem}): compare `database` with smsd's configuration, is it open to us?"
)
VERSION = "the tables of smsd have version {version}; {oldest} to {newest} are known here: update Gammu, or tell us"
NO_PHONE = "smsd has no phone {phone} (it knows: {known}): compare phone_id with PhoneID of its configuration, is smsd running?"
PATHS = (
    ("inbox_path", "inboxpath"),
    ("outbox_path", "outboxpath"),
    ("sent_path", "sentsmspath"),
    ("error_path", "errorsmspath"),
)


def database_problems(database: Database, settings: GammuSettings) -> list[str]:
    """Empty = all is well. Unusable where the database does not answer."""
    found = []
    version = database.version()
    if not OLDEST <= version <= NEWEST:
        found.append(VERSION.format(version=version, oldest=OLDEST, newest=NEWEST))
    known = database.phones()
    if settings.phone_id not in known:
        found.append(NO_PHONE.format(phone=settings.phone_id, known=", ".join(known) or "none"))
    return found


def problems(settings: GammuSettings, folders: Folders) -> list[str]:
    """Empty = all is well. Touches the disk."""
    found = [sentence for key, _ in PATHS if (sentence := _folder(key, Path(getattr(settings, key))))]
    if not found:
        if any(path.suffix == ".smsbackup" for path in folders.inbox.iterdir()):
            found.append(BACKUPS)
        if folders.is_hung():
            found.append(HUNG.format(minutes=settings.hung_after_minutes))
    return found + (_configuration(settings) if settings.smsdrc else [])


def _folder(key: str, path: Path) -> str:
    if not path.is_dir():
        return NOT_A_FOLDER.format(key=key, path=path)
    return "" if os.access(path, os.R_OK | os.W_OK | os.X_OK) else NOT_ALLOWED.format(key=key, path=path)


def _configuration(settings: GammuSettings) -> list[str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(Path(settings.smsdrc).read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return [NOT_READABLE.format(path=settings.smsdrc)]
    given = {name: (value or "").strip() for name, value in _section(parser).items()}
    found = [
        f"smsdrc: {option} should be {' or '.join(sorted(filter(None, wanted)))}: {otherwise}"
        if wanted
        else f"smsdrc: {option} should not be set: {otherwise}"
        for option, wanted, otherwise in OPTIONS
        if (given.get(option, "").lower() not in wanted if wanted else given.get(option))
    ]
    return found + [
        f"smsdrc: {option} is {given.get(option) or 'not set'}, but {key} is {getattr(settings, key)}"
        for key, option in PATHS
        if Path(given.get(option, "")) != Path(getattr(settings, key))
    ]


def _section(parser: configparser.ConfigParser) -> dict[str, str]:
    return dict(parser["smsd"]) if parser.has_section("smsd") else {}
