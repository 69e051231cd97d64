"""The one MetaData that all tables belong to, and the columns that every queue has."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String

from gateway.storage.types import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def work_columns() -> list[Column[object]]:
    """What a row needs to be worked off: state, when it is due, who holds it until when, how often it was tried.

    `fence` rises with every claim; an outcome that carries an older one is void (a frozen worker that comes back).
    """
    return [
        Column("state", String(16), nullable=False, default="queued"),
        Column("due_at", Instant, nullable=False),
        Column("lease_until", Instant),
        Column("fence", BigInteger, nullable=False, default=0),
        Column("attempts", Integer, nullable=False, default=0),
        Column("last_error", String(300), nullable=False, default=""),
    ]
