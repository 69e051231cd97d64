"""A store on both kinds of database, filled by the test itself."""

from tests.gateway.conftest import Moment, Rings, moment, office, rings, settings, store

__all__ = ["Moment", "Rings", "moment", "office", "rings", "settings", "store"]
