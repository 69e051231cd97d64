"""The manifests of deploy/kubernetes: valid, the same processes as in compose, no more rights than their work needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.load import load
from gateway.cli.main import COMMANDS
from gateway.doorbell import QUEUES
from tests.test_house import ROOT, ended, tool

FOLDER = ROOT / "deploy/kubernetes"
MANIFESTS = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
FILLED_IN = {
    "GATEWAY__STORAGE__IDENTITY_KEY": "kunci-identitas-untuk-uji-0123456789-abc",
    "GATEWAY__STORAGE__S3_SECRET_KEY": "rahasia-objek-untuk-uji-0123456789",
    "GATEWAY__ACCOUNTS__BOOTSTRAP__PASSWORD": "sandi-pertama-untuk-uji-0123456789",
}


def resources() -> Iterator[dict[str, Any]]:
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text())


def pods() -> dict[str, dict[str, Any]]:
    kinds = {"Job", "StatefulSet", "Deployment"}
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in resources() if one["kind"] in kinds}


def commands() -> dict[str, list[str]]:
    return {name: pod["containers"][0]["command"] for name, pod in pods().items()}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_a_manifest_is_what_the_api_takes(path: Path) -> None:
    checked = ended(tool("kubernetes-validate", "kubernetes-validate"), "--strict", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_manifest_is_applied() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in MANIFESTS]


def test_every_process_of_the_gateway_runs() -> None:
    assert all(words[0] == "gateway" and words[1] in COMMANDS for words in commands().values())
    queues = [queue for words in commands().values() if words[1] == "work" for queue in words[2:]]
    assert sorted(queues) == sorted(QUEUES)
    assert {words[1] for words in commands().values()} == {"db", "serve", "work", "clock", "listen"}


@pytest.mark.parametrize("name", sorted(pods()))
def test_a_pod_can_do_no_more_than_its_work(name: str) -> None:
    pod = pods()[name]
    (container,) = pod["containers"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]) == (True, False)
    rights = container["securityContext"]
    assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", ["web", "listener"])
def test_who_takes_messages_has_a_disk_of_its_own_to_keep_them(name: str) -> None:
    (made,) = [one for one in resources() if one["kind"] == "StatefulSet" and one["metadata"]["name"] == name]
    assert [claim["metadata"]["name"] for claim in made["spec"]["volumeClaimTemplates"]] == ["spool"]


def test_the_gateway_starts_with_the_settings_that_a_pod_has(tmp_path: Path) -> None:
    lines = (FOLDER / "satupintu.env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    given = {name: FILLED_IN.get(name, value) for name, value in given.items()}
    given |= {one["name"]: one["value"] for one in pods()["web"]["containers"][0]["env"]}
    own = tmp_path / "gateway.toml"
    own.write_text((ROOT / "deploy/gateway.toml").read_text().replace("/etc/satupintu/data", str(ROOT / "config/data")))
    own.chmod(0o600)
    settings = load(None, {**given, "GATEWAY_CONFIG": str(own), "GATEWAY__STORAGE__ATTACHMENTS_DIR": "s3://satupintu"})
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8080)  # noqa: S104 - inside a pod
    assert settings.storage.spool_dir == "/var/lib/satupintu/spool"
