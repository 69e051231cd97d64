"""docs/adding-a-channel.md is carried out as it stands; what comes out of it takes a citizen's message and sends an answer."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from channels import registry
from channels.messages import Address, OutboundMessage
from channels.protocols import HttpResponse
from gateway.cli.channel_skeleton import NotWritten, write
from gateway.cli.channels import channels
from gateway.storage import tables
from tests.channels.scripted_http import ScriptedHttp
from tests.cli.following import ROOT, Workplace
from tests.gateway.short_ways import only
from tests.prepared import *  # noqa: F403 - fixtures, asked for by name
from tests.web.conftest import OpenSite

PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The page, carried out once for all tests: every command ended well."""
    workplace = Workplace(tmp_path_factory.mktemp("adding"))
    workplace.prepare()
    workplace.follow(PAGE)
    return workplace


@pytest.fixture
def installed(followed: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `pip install` of the page installed, in this process too; the package as it was written."""
    monkeypatch.syspath_prepend(followed.packages)
    registry._targets.cache_clear()
    yield followed.tree / "satupintu-sapaan"
    registry._targets.cache_clear()


def test_a_new_kind_passes_the_common_tests_and_its_own_at_once(followed: Workplace) -> None:
    passed = [said for command, said in followed.said.items() if command.startswith("pytest ")]
    assert len(passed) == 3, "of the skeleton, of the changed adapter, of the package"
    assert all(" passed" in said for said in passed)
    for page in ("registry.py", "kicau.py"):
        assert "kicau" in (followed.tree / "channels" / page).read_text()
    assert "| `kicau`" in (followed.tree / "docs/channels/README.md").read_text()
    contracts = tomllib.loads((followed.tree / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [media] = [contract["layers"] for contract in contracts if contract["id"] == "media-are-strangers"]
    assert any("| kicau" in line for line in media)


def test_the_skeleton_says_what_to_fill_in(followed: Workplace) -> None:
    said = followed.said["gateway channels new kicau"].splitlines()
    places = [line for line in said if line.startswith("fill in ")]
    assert len(places) > 10
    for file in ("channels/kicau.py", "docs/channels/kicau.md"):
        assert any(f"{file}:" in place for place in places)
    assert "@" not in "".join(said)


def test_a_kind_in_the_tree_and_one_of_a_package_are_listed(followed: Workplace) -> None:
    listed = [said for command, said in followed.said.items() if command.endswith("channels list")]
    assert [said.split()[:3] for said in listed] == [["kicau", "kicau", "/c/kicau"], ["sapaan", "sapaan", "/c/sapaan"]]


async def test_a_kind_of_an_installed_package_takes_a_message_and_sends_an_answer(
    installed: Path, open_site: OpenSite
) -> None:
    table = (installed / "tests/payloads/channel.toml").read_text().replace("[sapaan]", "[channels.sapaan]")
    site = await open_site(table)
    head, _, body = (installed / "tests/payloads/in-message.http").read_bytes().partition(b"\n\n")
    path = head.decode().split(" ")[1]
    assert (await site.client.post(path, data=body)).status == 200
    assert (await site.client.post(path.replace("token=", "token=x"), data=body)).status == 403
    complaint = only(site.gateway.store, tables.complaint)
    assert "berlubang" in str(complaint.title)
    channel = site.gateway.office.channels["sapaan"]
    assert channel.sender is not None
    http = ScriptedHttp([HttpResponse(200, json.dumps({"id": "p-9001"}).encode())])
    message = OutboundMessage("ob_0000000000001", Address("sapaan", "7000000001"), "Laporan diterima.")
    assert (await channel.sender.send(message, http)).provider_id == "p-9001"


@pytest.mark.parametrize(
    ("kind", "package", "why"),
    [
        ("Kicau", False, "is no kind"),
        ("x", True, "is no kind"),
        ("a-b", True, "is no kind"),
        ("kicau", False, "source tree"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is(tmp_path: Path, kind: str, package: bool, why: str) -> None:
    with pytest.raises(NotWritten, match=why):
        write(kind, tmp_path, package=package)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    arguments = ["new", "kicau_baru", "--package", "--into", str(tmp_path)]
    assert CliRunner().invoke(channels, arguments).exit_code == 0
    page = tmp_path / "satupintu-kicau-baru" / "README.md"
    page.write_text("mine")
    again = CliRunner().invoke(channels, arguments)
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert page.read_text() == "mine"
