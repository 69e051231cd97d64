"""smsd's tables as its manual describes them (schema 17), for every database; and the rows that it writes."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from channels.sms.gammu.dialects import open_at

PHONE = "uji"
MYSQL = 2
"""Place of MariaDB and MySQL below."""
# Types of a column -> how each database says it.
TYPES = {
    "id": ("INTEGER PRIMARY KEY AUTOINCREMENT", "serial PRIMARY KEY", "int unsigned AUTO_INCREMENT PRIMARY KEY"),
    "bool": (
        "TEXT NOT NULL DEFAULT 'false'",
        "boolean NOT NULL DEFAULT false",
        "enum('false','true') NOT NULL DEFAULT 'false'",
    ),
    "does": (
        "TEXT NOT NULL DEFAULT 'false'",
        "boolean NOT NULL DEFAULT false",
        "enum('yes','no') NOT NULL DEFAULT 'no'",
    ),
    "time": (
        "NUMERIC NOT NULL DEFAULT (datetime('now'))",
        "timestamp(0) without time zone NOT NULL DEFAULT LOCALTIMESTAMP(0)",
        "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
    ),
    "maybe_time": ("NUMERIC NULL", "timestamp(0) without time zone NULL", "timestamp NULL"),
    "day_end": ("time NOT NULL DEFAULT '23:59:59'",) * 3,
    "day_begin": ("time NOT NULL DEFAULT '00:00:00'",) * 3,
    "text": ("TEXT NOT NULL DEFAULT ''",) * 3,
    "maybe_text": ("TEXT",) * 3,
    "key_text": ("TEXT PRIMARY KEY NOT NULL", "TEXT PRIMARY KEY NOT NULL", "varchar(35) PRIMARY KEY NOT NULL"),
    "int": ("INTEGER NOT NULL DEFAULT -1",) * 3,
    "zero": ("INTEGER NOT NULL DEFAULT 0",) * 3,
    "number": ("INTEGER NOT NULL",) * 3,
    "coding": ("TEXT NOT NULL DEFAULT 'Default_No_Compression'",) * 3,
    "default": ("TEXT DEFAULT 'default'",) * 3,
    "reserved": ("TEXT NOT NULL DEFAULT 'Reserved'",) * 3,
}
TABLES: dict[str, str] = {
    "gammu": "Version:number",
    "inbox": "UpdatedInDB:time ReceivingDateTime:time Text:text SenderNumber:text Coding:coding UDH:text SMSCNumber:text"
    " Class:int TextDecoded:text ID:id RecipientID:text Processed:bool Status:int",
    "outbox": "UpdatedInDB:time InsertIntoDB:time SendingDateTime:time SendBefore:day_end SendAfter:day_begin Text:maybe_text"
    " DestinationNumber:text Coding:coding UDH:maybe_text Class:int TextDecoded:text ID:id MultiPart:bool"
    " RelativeValidity:int SenderID:maybe_text SendingTimeOut:time DeliveryReport:default CreatorID:text Retries:zero"
    " Priority:zero Status:reserved StatusCode:int",
    "outbox_multipart": "Text:maybe_text Coding:coding UDH:maybe_text Class:int TextDecoded:maybe_text ID:number"
    " SequencePosition:number Status:reserved StatusCode:int",
    "phones": "ID:text UpdatedInDB:time InsertIntoDB:time TimeOut:time Send:does Receive:does IMEI:key_text IMSI:text"
    " NetCode:text NetName:text Client:text Battery:int Signal:int Sent:zero Received:zero",
    "sentitems": "UpdatedInDB:time InsertIntoDB:time SendingDateTime:time DeliveryDateTime:maybe_time Text:text"
    " DestinationNumber:text Coding:coding UDH:text SMSCNumber:text Class:int TextDecoded:text ID:number SenderID:text"
    " SequencePosition:number Status:text StatusError:int TPMR:int RelativeValidity:int CreatorID:text StatusCode:int",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """smsd's side of a database. `url` as the channel's setting."""

    url: str

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    def make(self) -> None:
        if self.is_sqlite:
            Path(urlsplit(self.url).path.removeprefix("/")).touch()
        place = ("sqlite", "postgresql", "mysql").index(urlsplit(self.url).scheme)
        for table, columns in TABLES.items():
            told = [column.partition(":") for column in columns.split()]
            made = ", ".join(f'"{name}" {TYPES[kind][place]}' for name, _, kind in told)
            # Its own tables are MyISAM: nothing may rely on a transaction.
            self.run(f"CREATE TABLE {table} ({made}){' ENGINE=MyISAM' if place == MYSQL else ''}")
        self.put("gammu", Version=17)

    def run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        if self.is_sqlite:
            path = urlsplit(self.url).path.removeprefix("/")
            with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as database:
                return database.execute(statement, values).fetchall()
        if self.url.startswith("mysql:"):
            with closing(open_at(self.url)) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(statement.replace("?", "%s"), values)
                return list(cursor.fetchall())
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.replace("?", "%s"), values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def put(self, table: str, **row: object) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - names of ours

    def receive(self, number: str, text: str, moment: str = "2026-11-20 08:14:58", **more: object) -> None:
        octets = text.encode("utf-16-be", "surrogatepass")
        row: dict[str, object] = {
            "ReceivingDateTime": moment,
            "SenderNumber": number,
            "TextDecoded": text.encode("ascii", "replace").decode(),
            "Text": octets.hex().upper(),
            "Coding": "Unicode_No_Compression",
            "UDH": "",
            "RecipientID": PHONE,
        }
        self.put("inbox", **(row | more))

    def send_next(self, *statuses: str, error: int = -1) -> list[str]:
        """As smsd does with what is due: out of the outbox, into the sent items, part by part; the texts."""
        due = self.run(
            'SELECT "ID", "TextDecoded", "CreatorID", "DestinationNumber" FROM outbox'
            ' WHERE "SendingDateTime" < \'2036-01-01\' ORDER BY "ID" LIMIT 1'
        )
        texts: list[str] = []
        for identity, first, creator, number in due:
            more = self.run(
                'SELECT "TextDecoded" FROM outbox_multipart WHERE "ID" = ? ORDER BY "SequencePosition"', (identity,)
            )
            texts = [first, *(row[0] for row in more)]
            for place, text in enumerate(texts, 1):
                self.put(
                    "sentitems",
                    ID=identity,
                    SequencePosition=place,
                    TextDecoded=text,
                    CreatorID=creator,
                    SenderID=PHONE,
                    DestinationNumber=number,
                    Status=statuses[min(place, len(statuses)) - 1],
                    StatusError=error,
                )
            for table in ("outbox_multipart", "outbox"):
                self.run(f'DELETE FROM {table} WHERE "ID" = ?', (identity,))  # noqa: S608 - names of ours
        return texts
