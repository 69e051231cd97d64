"""Which forwarder serves a `[forwarding.<name>]` section: its kind, or what its mode puts in the kind's place."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from config.build import build_section, unknown_key
from config.settings import ForwarderTable
from workers.forwarders.protocols import Forwarder, ForwarderFactory, Installation

FORWARDERS: Mapping[str, str] = {
    "sp4n": "workers.forwarders.sp4n.client:Sp4n",
    "open311": "workers.forwarders.open311.client:Open311",
    "manual": "workers.forwarders.manual:manual",
    "null": "workers.forwarders.null:null",
}
# Kinds that stand in settings, with the dataclass of their keys.
SETTINGS: Mapping[str, str] = {
    "sp4n": "workers.forwarders.sp4n.settings:Sp4nSettings",
    "open311": "workers.forwarders.open311.settings:Open311Settings",
}
MODES: Mapping[str, str] = {"manual": "manual", "off": "null"}


def read_settings(table: ForwarderTable) -> Any:
    """The section as its kind's dataclass; SettingsError for an unknown kind or key, or what mode `api` lacks."""
    if table.kind not in SETTINGS:
        raise unknown_key(f"{table.where}.kind", table.kind, SETTINGS)
    return build_section(_named(SETTINGS[table.kind]), table.values, table.where)


def build(table: ForwarderTable, installation: Installation) -> Forwarder:
    """The forwarder of a section. Raises as `read_settings` does."""
    settings = read_settings(table)
    kind = MODES.get(getattr(settings, "mode", ""), table.kind)
    factory: ForwarderFactory = _named(FORWARDERS[kind])
    return factory(settings, installation)


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
