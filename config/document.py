"""`docs/settings.md` from `defaults.toml`: `python -m config.document > docs/settings.md`."""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

HEADING = re.compile(r"\[([a-z0-9_.]+)\]")
SETTING = re.compile(r"(?P<key>[a-z0-9_]+) = (?P<value>\"[^\"]*\"|\[.*\]|[^#\s]+)\s*(#\s*(?P<meaning>.+))?")

FRONT = """\
# Settings

<!-- Made from config/defaults.toml by `python -m config.document > docs/settings.md`; change it there. -->

A settings file is TOML and names only what differs from the defaults below. Four layers, each over the one before:

1. the defaults;
2. the file named by `GATEWAY_CONFIG`; without one, the built-in example (Kabupaten Kotawaringin Barat, training mode);
3. the environment: `GATEWAY__SECTION__KEY=value`, for example `GATEWAY__SERVER__PORT=8081` or
   `GATEWAY__CHANNELS__TG__TOKEN=…` (a hyphen in a channel's name is written `_`; lists are separated by commas or are JSON);
4. secret files: `GATEWAY__SECTION__KEY_FILE=/run/secrets/…`, readable by their owner only (mode 0600).

`gateway config show` prints what is in force and where each value came from, secrets masked; `gateway config check` says what
is wrong. An unknown key ends the start and names the nearest known one. Durations are seconds unless the name says
otherwise; 0 or an empty text switches a delay or limit off. Hours are local and written `20:00-06:30`.

A set-up is *local* in training mode, or when `server.public_url` is on this machine. Only there plain http, weak or shared
secrets and an optional second factor are accepted, with a warning.
"""

OPEN_SECTIONS = """\
## [channels.NAME]

One table per channel. The name has 2 to 31 of `a-z`, `0-9` and `-`; the channel's webhook is `/c/NAME`.

| key | meaning |
|---|---|
| `kind` | The adapter: telegram, kannel, jasmin, http_sms, ussd_http, web_form … |
| `messages_per_second` | How many messages may leave per second, over all processes; empty = what the kind bears. |
| `unknown_policy` | `outbound.unknown_policy` for this channel. |

Every further key belongs to the adapter: see [channels](channels/README.md).

## [forwarding.NAME]

One table per system of record. `kind` is `sp4n` or `open311`; every further key belongs to it.
"""


@dataclass(frozen=True, slots=True)
class Described:
    section: str
    key: str
    value: str
    """As written in TOML."""
    meaning: str


def described() -> Iterator[Described]:
    """Every line of `defaults.toml`. ValueError for a line without a meaning, so that no setting goes undescribed."""
    section = ""
    for line in _defaults().splitlines():
        if heading := HEADING.fullmatch(line):
            section = heading[1]
        elif found := SETTING.fullmatch(line):
            if not found["meaning"]:
                raise ValueError(f"{section}.{found['key']} has no meaning behind #")
            yield Described(section, found["key"], found["value"], found["meaning"])
        elif line and not line.startswith("#"):
            raise ValueError(f"not understood: {line}")


def document() -> str:
    """The whole page."""
    lines = [FRONT]
    section = ""
    for setting in described():
        if setting.section != section:
            section = setting.section
            lines.append(f"\n## [{section}]\n\n| key | default | meaning |\n|---|---|---|\n")
        value = setting.value.replace("|", "\\|")
        lines.append(f"| `{setting.key}` | `{value}` | {setting.meaning} |\n")
    lines.append(f"\n{OPEN_SECTIONS}")
    return "".join(lines)


def _defaults() -> str:
    text = files("config").joinpath("defaults.toml").read_text(encoding="utf-8")
    tomllib.loads(text)
    return text


if __name__ == "__main__":
    sys.stdout.write(document())
