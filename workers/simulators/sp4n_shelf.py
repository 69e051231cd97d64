"""Keeps the simulated LAPOR! in a SQLite file, so that a class goes on tomorrow where it stopped today."""

import sqlite3
from pathlib import Path

import msgspec

from workers.simulators.sp4n_world import Report

# AUTOINCREMENT only remembers the highest number of each table, also of rows that are gone.
SCHEMA = """
CREATE TABLE IF NOT EXISTS report (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
"""


class SqliteShelf:
    """`Shelf` of sp4n_world; close() when the simulator ends."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript(SCHEMA)

    def keep(self, report: Report) -> None:
        self._connection.execute("REPLACE INTO report VALUES (?, ?)", (report.id, msgspec.json.encode(report)))

    def keep_document(self, document_id: int, name: str) -> None:
        self._connection.execute("REPLACE INTO document VALUES (?, ?)", (document_id, name))

    def load(self) -> tuple[list[Report], dict[int, str]]:
        rows = self._connection.execute("SELECT body FROM report ORDER BY id")
        reports = [msgspec.json.decode(body, type=Report) for (body,) in rows]
        return reports, dict(self._connection.execute("SELECT id, name FROM document").fetchall())

    def last_numbers(self, report: int, document: int) -> tuple[int, int]:
        """The highest numbers ever kept; the given ones where there are none yet."""
        highest = dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        return highest.get("report", report), highest.get("document", document)

    def clear(self) -> None:
        self._connection.executescript("DELETE FROM report; DELETE FROM document;")

    def close(self) -> None:
        self._connection.close()
