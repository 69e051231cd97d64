"""How settings come together: `defaults.toml` < settings file < environment < secret files (`…_FILE`).

The only reader of the environment. Without a settings file the built-in example (`example.toml`) takes its place.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from config.build import EnvText, build_section, unknown_key
from config.checks import Finding, findings, secret_values
from config.settings import (
    ChannelTable,
    ForwarderTable,
    Secret,
    Settings,
    SettingsError,
    Training,
    UnknownPolicy,
    is_loopback,
    secrets_in,
)

__all__ = ["SettingsError", "build_section", "load", "secret_by_reference", "settings_from"]

PREFIX = "GATEWAY__"
EXAMPLE = "built-in example"
SIMULATORS = "@SIMULATORS@"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,30}")

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _CommonKeys:
    """What every `[channels.<name>]` may say beside what its adapter declares."""

    messages_per_second: float | None = None
    unknown_policy: UnknownPolicy | None = None


def load(path: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this installation; `path` None = the file named by GATEWAY_CONFIG, else the built-in example.

    Raises SettingsError, in one line, for a file that cannot be read, an unknown key, a wrong value or a secret that
    must not be used; what is tolerated in a local set-up is listed in `Settings.warnings`.
    """
    environ = os.environ if environ is None else environ
    path = path or environ.get("GATEWAY_CONFIG") or None
    if path is None:
        return _assemble(tomllib.loads(_shipped("example.toml")), EXAMPLE, environ, [])
    try:
        text = Path(path).read_text(encoding="utf-8")
        mode = Path(path).stat().st_mode
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError("GATEWAY_CONFIG", f"cannot read {path}: {problem}") from problem
    readable = [Finding(path, "is readable by other users and holds secrets; chmod 600 it", is_fatal=False)]
    tree = _parse(text, path)
    return _assemble(tree, path, environ, readable if mode & 0o077 and _holds_secrets(tree) else [])


def settings_from(text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that a file with the TOML `text` would give, without any environment: for tests and previews."""
    return _assemble(_parse(text, "settings"), "settings", environ or {}, [])


def secret_by_reference(reference: str, where: str) -> Secret:
    """What `env:NAME` or `file:PATH` names, without its last line end. SettingsError at `where`, also for a literal."""
    kind, colon, name = reference.partition(":")
    if not colon or kind not in {"env", "file"} or not name:
        # What stands there may be the secret itself: it stays out of the message.
        raise SettingsError(where, "must be a reference: env:NAME, file:PATH or secret:NAME, never the secret itself")
    if kind == "file":
        content, wide = _file_content(name, where, where)
        if wide:
            raise SettingsError(where, wide[0].problem)
        return Secret(content)
    if not os.environ.get(name):
        raise SettingsError(where, f"there is no {name} in the environment")
    return Secret(os.environ[name])


def _assemble(given: Tree, source: str, environ: Mapping[str, str], found: list[Finding]) -> Settings:
    defaults = tomllib.loads(_shipped("defaults.toml"))
    provenance = dict.fromkeys(_leaves(defaults), "default")
    tree = _laid_over(defaults, given, source, provenance)
    found = found + _lay_environment_over(tree, environ, provenance)
    training = build_section(Training, tree["training"], "training")
    if training.enabled and provenance["government.ticket_prefix"] == "default":
        tree["government"]["ticket_prefix"] = "LAT"
        provenance["government.ticket_prefix"] = "training"
    if tree["server"]["public_url"] == "":
        provenance["server.public_url"] = "server.host and server.port"
    _complete_urls(tree, training.port)
    settings = _build(tree, source, provenance)
    return _checked(settings, found, source)


def _holds_secrets(tree: Tree) -> bool:
    return any(True for _ in secrets_in(tree, "")) or bool(tree.get("api"))


def _checked(settings: Settings, found: list[Finding], source: str) -> Settings:
    """Refuses what must not be used; in a local set-up most of that is only a warning."""
    found = found + findings(settings, _shipped_secrets() if source != EXAMPLE else frozenset())
    for finding in found:
        if finding.is_fatal and not (finding.is_tolerated_locally and settings.is_local):
            raise SettingsError(finding.key, finding.problem)
    if source == EXAMPLE:
        return settings
    return replace(settings, warnings=tuple(f"{finding.key}: {finding.problem}" for finding in found))


# ---- layers


def _shipped(name: str) -> str:
    return files("config").joinpath(name).read_text(encoding="utf-8")


def _parse(text: str, source: str) -> Tree:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(source, f"is not valid TOML: {problem}") from problem


OPEN_TABLES = ("channels", "forwarding")


def _laid_over(defaults: Tree, given: Tree, source: str, provenance: dict[str, str]) -> Tree:
    """`defaults` with `given` over it, section by section; unknown sections and keys are refused."""
    tree: Tree = {**{name: dict(section) for name, section in defaults.items()}, **{name: {} for name in OPEN_TABLES}}
    for name, section in given.items():
        if name not in tree:
            raise unknown_key(name, name, tree)
        if not isinstance(section, dict):
            raise SettingsError(name, f"must be a table: write [{name}]")
        if name in OPEN_TABLES:
            tree[name] = {instance: _instance(values, f"{name}.{instance}") for instance, values in section.items()}
        else:
            _lay_over(tree[name], section, name)
        provenance.update(dict.fromkeys((f"{name}.{key}" for key in _leaves(section)), source))
    return tree


def _instance(values: object, where: str) -> Tree:
    if not isinstance(values, dict):
        raise SettingsError(where, f"must be a table: write [{where}]")
    return dict(values)


def _lay_over(section: Tree, given: Tree, where: str) -> None:
    for key, value in given.items():
        if key not in section:
            raise unknown_key(f"{where}.{key}", key, section)
        if isinstance(section[key], dict):
            section[key] = dict(section[key])
            _lay_over(section[key], _instance(value, f"{where}.{key}"), f"{where}.{key}")
        else:
            section[key] = value


def _leaves(tree: Tree, where: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{where}{key}.")
        else:
            yield where + key


# ---- environment


def _lay_environment_over(tree: Tree, environ: Mapping[str, str], provenance: dict[str, str]) -> list[Finding]:
    """Sets what `GATEWAY__…` says; secret files win over plain variables, so they come last."""
    found: list[Finding] = []
    variables = sorted(name for name in environ if name.startswith(PREFIX))
    for variable in sorted(variables, key=lambda name: name.endswith("_FILE")):
        table, path = _place(tree, variable)
        value, origin = environ[variable], variable
        key = path[-1]
        if variable.endswith("_FILE") and not (path[0] not in OPEN_TABLES and key in table):
            key = key.removesuffix("_file")
            path = (*path[:-1], key)
            value, problems = _file_content(value, variable, ".".join(path))
            found += problems
            origin = f"{variable} ({environ[variable]})"
        if path[0] not in OPEN_TABLES and key not in table:
            raise unknown_key(variable, key, table)
        table[key] = EnvText(value)
        provenance[".".join(path)] = origin
    return found


def _place(tree: Tree, variable: str) -> tuple[Tree, tuple[str, ...]]:
    """The table that a variable writes into, and the path of its key; a new channel is made on the way."""
    path = [part.lower() for part in variable.removeprefix(PREFIX).split("__")]
    if path[0] not in tree:
        raise unknown_key(variable, path[0], tree)
    needed = 3 if path[0] in OPEN_TABLES else 2
    if len(path) < needed or not all(path):
        raise SettingsError(variable, "names no key; write GATEWAY__SECTION__KEY or GATEWAY__CHANNELS__NAME__KEY")
    if path[0] in OPEN_TABLES:
        # A shell knows no hyphen in names: SMS_KOTA is the channel sms-kota.
        path[1] = path[1].replace("_", "-")
    table = tree
    for depth, part in enumerate(path[:-1]):
        if depth and path[0] not in OPEN_TABLES and not isinstance(table.get(part), dict):
            raise unknown_key(variable, part, table)
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise SettingsError(variable, f"{part} is a value, not a table")
    return table, tuple(path)


def _file_content(name: str, variable: str, key: str) -> tuple[str, list[Finding]]:
    path = Path(name)
    try:
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
        mode = path.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(variable, f"cannot read {name}: {problem}") from problem
    wide = Finding(key, f"{name} has mode {mode:04o}; a secret file must be readable by its owner only (0600)")
    return content, [wide] if mode & 0o077 else []


# ---- values


def _complete_urls(tree: Tree, simulators_port: int) -> None:
    """Fills in what follows from ports: our own address where only this machine can reach us, and the simulators'."""
    server = tree["server"]
    if server["public_url"] == "":
        host = f"[{server['host']}]" if ":" in str(server["host"]) else server["host"]
        if not is_loopback(f"http://{host}"):
            raise SettingsError("server.public_url", "is missing; citizens and providers reach the gateway by it")
        server["public_url"] = f"http://{host}:{server['port']}"
    server["public_url"] = str(server["public_url"]).rstrip("/")
    for group in OPEN_TABLES:
        for values in tree[group].values():
            for key, value in values.items():
                if isinstance(value, str) and value.startswith(SIMULATORS):
                    values[key] = f"http://127.0.0.1:{simulators_port}{value.removeprefix(SIMULATORS)}"


def _build(tree: Tree, source: str, provenance: dict[str, str]) -> Settings:
    hints = get_type_hints(Settings)
    sections = {
        field.name: build_section(hints[field.name], tree[field.name], field.name)
        for field in fields(Settings)
        if field.name in tree and field.name not in OPEN_TABLES
    }
    return Settings(
        channels=tuple(_channel(name, values) for name, values in tree["channels"].items()),
        forwarding=tuple(_forwarder(name, values) for name, values in tree["forwarding"].items()),
        source=source,
        provenance=provenance,
        **sections,
    )


def _channel(name: str, values: Tree) -> ChannelTable:
    where = f"channels.{name}"
    kind, own = _kind(name, values, where)
    common = {field.name for field in fields(_CommonKeys)}
    shared = build_section(_CommonKeys, {key: own[key] for key in common & own.keys()}, where)
    if shared.messages_per_second is not None and shared.messages_per_second < 0:
        raise SettingsError(f"{where}.messages_per_second", "must not be negative")
    own = {key: value for key, value in own.items() if key not in common}
    return ChannelTable(name, kind, own, shared.messages_per_second, shared.unknown_policy)


def _forwarder(name: str, values: Tree) -> ForwarderTable:
    kind, own = _kind(name, values, f"forwarding.{name}")
    return ForwarderTable(name, kind, own)


def _kind(name: str, values: Tree, where: str) -> tuple[str, Tree]:
    if not NAME.fullmatch(name):
        raise SettingsError(where, "a name has 2 to 31 of a-z, 0-9 and -, and begins with a letter or digit")
    kind = values.get("kind")
    if not isinstance(kind, str) or not kind:
        raise SettingsError(f"{where}.kind", "is missing; it names the adapter, for example telegram")
    return str(kind), {key: value for key, value in values.items() if key != "kind"}


def _shipped_secrets() -> frozenset[str]:
    example = _assemble(tomllib.loads(_shipped("example.toml")), EXAMPLE, {}, [])
    return frozenset(value for _, value in secret_values(example))
