"""What holds before anybody runs anything: defaults, texts, locked packages and their licences, a bill of materials."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.messages import Address
from config.load import settings_from
from config.settings import Settings
from gateway.complaints.complaint import Action
from gateway.officer_links import links
from gateway.storage.store import Store
from tests.gateway.short_ways import act, opened
from tests.gateway.test_links import Sends

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
MAY_BE_COMBINED = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|Mozilla|MPL-2|LGPL|Zlib|Unlicense|EUPL", re.IGNORECASE
)
"""Licences that a work under the EUPL may use: permissive ones, and LGPL and MPL for libraries that stay as they are."""
ELSEWHERE = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//""", re.IGNORECASE)
SHORTENED = re.compile(r"(?i)https?://|www\.|\b(?:bit\.ly|s\.id|tinyurl|t\.co|goo\.gl|cutt\.ly|is\.gd)\b")


@pytest.fixture(scope="module")
def defaults() -> Settings:
    """A settings file that says nothing but who we are."""
    return settings_from(
        '[server]\npublic_url = "https://aduan.contoh.example"\n'
        '[storage]\nidentity_key = "kunci-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"'
    )


# fmt: off
SAFE_FROM_THE_START = [
    # setting                                     as it is where a settings file says nothing
    ("government.publish_complaints",             False),   # nothing is public
    ("open311.enabled",                           False),
    ("open311.publish_media",                     False),
    ("triage.auto_assign_min_confidence",         0.85),    # a machine assigns what it is sure of only
    ("training.enabled",                          False),
    ("accounts.second_factor",                    "required"),
    ("accounts.bootstrap.username",               ""),      # no account that everybody knows
    ("outbound.unknown_policy",                   "hold"),  # nothing is sent twice
    ("server.host",                               "127.0.0.1"),
    ("server.trusted_proxies",                    ()),
    ("api.tokens",                                ()),
    ("channels",                                  ()),
    ("forwarding",                                ()),
]
# fmt: on


@pytest.mark.parametrize(("key", "value"), SAFE_FROM_THE_START)
def test_c30_what_could_harm_is_off_until_somebody_switches_it_on(defaults: Settings, key: str, value: object) -> None:
    found: object = defaults
    for name in key.split("."):
        found = getattr(found, name)
    assert found == value


def test_c16_every_limit_of_strangers_is_on(defaults: Settings) -> None:
    limits = [getattr(defaults.limits, name) for name in defaults.limits.__dataclass_fields__]
    intake = defaults.intake
    limits += [intake.flood_texts, intake.flood_senders, intake.flood_within_s, intake.max_waiting, intake.max_body]
    assert len(limits) > 8
    assert all(limit > 0 for limit in limits)


# ---- C32: what stands in texts


def texts() -> Iterator[tuple[str, str, str]]:
    """(file, key, text) of every sentence for people."""
    for path in sorted((ROOT / "config/texts").rglob("*.toml")):
        waiting = [("", tomllib.loads(path.read_text(encoding="utf-8")))]
        while waiting:
            where, table = waiting.pop()
            for name, value in table.items():
                if isinstance(value, dict):
                    waiting.append((f"{where}{name}.", value))
                else:
                    yield path.name, f"{where}{name}", str(value)


def test_c32_no_text_holds_an_address_of_its_own() -> None:
    """Links in messages come from `server.public_url` alone; a template that names a host would survive its change."""
    every = list(texts())
    assert len(every) > 500
    assert [(file, key) for file, key, text in every if SHORTENED.search(text)] == []


def test_c32_a_link_to_an_officer_leads_to_the_government_s_own_host(store: Store, telegram: Sends) -> None:
    case = act(store, opened(store, telegram("Jalan berlubang di depan pasar")), Action.ASSIGN, agency="PUPR")
    with store.transaction() as tx:
        link = links.issue_page(tx, case.id, 1)
    assert link.startswith(f"{store.office.settings.server.public_url}/p/")
    assert Address("tel", "+62812").path not in link


# ---- C29: what others wrote


@pytest.mark.parametrize("name", LOCKS)
def test_c29_every_package_is_locked_with_hashes_and_from_no_place_of_its_own(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) > 40
    assert [each.split()[0] for each in packages if "==" not in each or "--hash=sha256:" not in each] == []
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host|git\+", text)


@pytest.fixture(scope="module")
def bill() -> dict[str, list[dict[str, object]]]:
    """The bill of materials as the command prints it; it needs no network."""
    done = subprocess.run([sys.executable, ROOT / "deploy/sbom"], capture_output=True, check=True, cwd="/")  # noqa: S603
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


def test_c29_the_bill_of_materials_names_every_locked_package(bill: dict[str, list[dict[str, object]]]) -> None:
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert {one["name"]: one["version"] for one in bill["components"]} == locked
    assert all(one["hashes"] and one["purl"] for one in bill["components"])


def test_c29_the_licence_of_every_package_may_be_combined_with_ours(bill: dict[str, list[dict[str, object]]]) -> None:
    """Of those that are installed here: a package for another kind of machine tells its licence there."""
    told = {str(one["name"]): json.dumps(one["licenses"]) for one in bill["components"] if "licenses" in one}
    assert len(told) > 40
    strong = {
        name: text for name, text in told.items() if not MAY_BE_COMBINED.search(text) or re.search(r"\bA?GPL", text)
    }
    assert strong == {}


def test_c29_no_page_loads_anything_from_elsewhere() -> None:
    folders = (ROOT / "gateway/web", ROOT / "gateway/dashboard", ROOT / "workers/simulators")
    files = [path for folder in folders for kind in ("html", "css", "js") for path in folder.rglob(f"*.{kind}")]
    assert len(files) > 30
    assert [path.name for path in files if ELSEWHERE.search(path.read_text(encoding="utf-8"))] == []
