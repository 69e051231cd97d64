"""Layers, strict keys, what follows from what, and one clear line for everything that is wrong."""

import re
from datetime import time
from pathlib import Path

import pytest

from config.load import load, settings_from
from config.settings import Settings, SettingsError, Window, is_loopback

FILES = Path(__file__).parent / "files"
KEY = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"
LOCAL = f'[storage]\nidentity_key = "{KEY}"\n'
PUBLIC = f'{LOCAL}[server]\npublic_url = "https://aduan.kobar.invalid"\n'


def complete(tmp_path: Path) -> str:
    """The complete settings file with its blanks filled in."""
    text = (FILES / "complete.toml").read_text()
    blanks = {"@PORT@": "8123", "@FAKE@": "9123", "@DIR@": str(tmp_path), "@ACCEPTANCE@": str(FILES)}
    for blank, value in blanks.items():
        text = text.replace(blank, value)
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


def refusal(text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        settings_from(text, environ)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_a_file_the_built_in_example_trains_on_this_machine() -> None:
    settings = load(environ={})
    assert settings.training.enabled
    assert settings.is_local
    assert settings.government.name == "Kabupaten Kotawaringin Barat"
    assert settings.government.ticket_prefix == "LAT"
    assert [(table.name, table.kind) for table in settings.channels] == [
        ("tg", "telegram"),
        ("sms", "kannel"),
        ("ussd", "ussd_http"),
        ("web", "web_form"),
        ("wa", "whatsapp"),
        ("fb", "messenger"),
        ("ig", "instagram"),
        ("akun-x", "x"),
    ]
    assert settings.warnings == ()


def test_the_example_reaches_its_simulators_and_itself_on_whatever_ports_are_set() -> None:
    settings = load(environ={"GATEWAY__TRAINING__PORT": "9090", "GATEWAY__SERVER__PORT": "9080"})
    urls = [str(table.values.get("api_url", table.values.get("send_url", ""))) for table in settings.channels]
    assert urls[:2] == ["http://127.0.0.1:9090/telegram", "http://127.0.0.1:9090/kannel/cgi-bin/sendsms"]
    assert settings.forwarding[0].values["api_url"] == "http://127.0.0.1:9090/sp4n/lapor/3.0.0"
    assert settings.server.public_url == "http://127.0.0.1:9080"


def test_a_complete_file_loads_as_it_is_written(tmp_path: Path) -> None:
    settings = load(complete(tmp_path), environ={})
    assert not settings.training.enabled
    assert settings.government.ticket_prefix == "ADU"
    assert settings.triage.auto_assign_min_confidence == 0
    assert settings.notices.staff_quiet is None
    sms = settings.channel("sms")
    assert sms is not None
    assert (sms.messages_per_second, sms.values["number"]) == (50, "1708")
    assert "kind" not in sms.values
    assert "messages_per_second" not in sms.values
    assert settings.api.tokens[0].scopes == ("read", "write")
    assert settings.accounts.bootstrap.password.reveal() == "acceptance-admin-password"
    assert settings.warnings == ("accounts.second_factor: may be optional in local set-ups only",)


def test_the_file_is_named_by_the_environment(tmp_path: Path) -> None:
    assert load(environ={"GATEWAY_CONFIG": complete(tmp_path)}).server.port == 8123


def test_each_layer_lies_over_the_one_before(tmp_path: Path) -> None:
    secret = tmp_path / "port"
    secret.write_text("8003\n")
    secret.chmod(0o600)
    port = "GATEWAY__SERVER__PORT"
    layers: list[tuple[str, dict[str, str], int, str]] = [
        ("", {}, 8080, "default"),
        ("[server]\nport = 8001\n", {}, 8001, "settings"),
        ("[server]\nport = 8001\n", {port: "8002"}, 8002, port),
        ("[server]\nport = 8001\n", {port: "8002", f"{port}_FILE": str(secret)}, 8003, f"{port}_FILE ({secret})"),
    ]
    for text, environ, value, origin in layers:
        settings = settings_from(LOCAL + text, environ)
        assert (settings.server.port, settings.provenance["server.port"]) == (value, origin)


# fmt: off
FROM_THE_ENVIRONMENT = [
    # variable                              text                  what the key becomes
    ("GATEWAY__TRAINING__ENABLED",          "true",               lambda s: s.training.enabled is True),
    ("GATEWAY__CASEWORK__UNDO_S",           "1.5",                lambda s: s.casework.undo_s == 1.5),
    ("GATEWAY__SMS__REF_BITS",              "16",                 lambda s: s.sms.ref_bits == 16),
    ("GATEWAY__OUTBOUND__RETRY_S",          "1, 2.5",             lambda s: s.outbound.retry_s == (1.0, 2.5)),
    ("GATEWAY__OUTBOUND__RETRY_S",          "[3, 4]",             lambda s: s.outbound.retry_s == (3.0, 4.0)),
    ("GATEWAY__NOTICES__STAFF_QUIET",       "",                   lambda s: s.notices.staff_quiet is None),
    ("GATEWAY__NOTICES__STAFF_QUIET",       "21:00-05:15",        lambda s: s.notices.staff_quiet == Window(time(21), time(5, 15))),
    ("GATEWAY__CHANNELS__TG__TOKEN",        "1:abc",              lambda s: s.channel("tg").values["token"] == "1:abc"),
    ("GATEWAY__CHANNELS__TG__MESSAGES_PER_SECOND", "9",           lambda s: s.channel("tg").messages_per_second == 9),
    ("GATEWAY__CHANNELS__SMS_KOTA__NUMBER", "1709",               lambda s: s.channel("sms-kota").values["number"] == "1709"),
    ("GATEWAY__ACCOUNTS__BOOTSTRAP__ROLE",  "admin",              lambda s: s.accounts.bootstrap.role == "admin"),
    ("GATEWAY__API__TOKENS",                '[{"name":"a","token":"abcdefghij0123456789","scopes":["read"]}]',
                                                                  lambda s: s.api.tokens[0].token.reveal() == "abcdefghij0123456789"),
]
# fmt: on
CHANNELS = '[channels.tg]\nkind = "telegram"\n[channels.sms-kota]\nkind = "kannel"\n'


@pytest.mark.parametrize(("variable", "text", "holds"), FROM_THE_ENVIRONMENT)
def test_a_variable_is_read_as_its_key_needs(variable: str, text: str, holds: object) -> None:
    assert callable(holds)
    assert holds(settings_from(LOCAL + CHANNELS, {variable: text}))


# fmt: off
WRONG = [
    # settings                                       the one line
    ("[sever]\nport = 1",                            "sever: unknown key; did you mean 'server'?"),
    ("[server]\nprot = 1",                           "server.prot: unknown key; did you mean 'port'?"),
    ("[server]\nzzzzzz = 1",                         "server.zzzzzz: unknown key; known: host, metrics_from, port, public_url, shutdown_s, trusted_proxies"),
    ("[server]\nport = '8080'",                      "server.port: must be a whole number, not '8080'"),
    ("[server]\nport = 70000",                       "server.port: must be at most 65535, not 70000"),
    ("[server]\nhost = '0.0.0.0'",                   "server.public_url: is missing; citizens and providers reach the gateway by it"),
    ("[server]\npublic_url = 'aduan.kobar.invalid'", "server.public_url: must be like https://aduan.example.go.id, not 'aduan.kobar.invalid'"),
    ("[server]\npublic_url = 'http://aduan.kobar.invalid'", "server.public_url: must begin with https:// (http only on this machine or in training)"),
    ("server = 1",                                   "server: must be a table: write [server]"),
    ("[accounts.bootstrap]\nuser = 'a'",             "accounts.bootstrap.user: unknown key; did you mean 'username'?"),
    ("[casework]\nundo_s = -1",                      "casework.undo_s: must not be negative, not -1"),
    ("[sms]\nref_bits = 9",                          "sms.ref_bits: unknown '9'; known: 8, 16"),
    ("[sms]\nmax_segments = 0",                      "sms.max_segments: must be at least 1, not 0"),
    ("[sms]\ntransliterate = 1",                     "sms.transliterate: must be true or false, not 1"),
    ("[notices]\nstaff_from = '25:00'",              "notices.staff_from: must be a time of day like 07:30, not '25:00'"),
    ("[notices]\nstaff_quiet = 'malam'",             "notices.staff_quiet: must be hours like 20:00-06:30, or empty, not 'malam'"),
    ("[notices]\nstaff_channels = ['tg']",           "notices.staff_channels: no channel 'tg'; known: none"),
    ("[outbound]\nretry_s = [1, 'x']",               "outbound.retry_s[1]: must be a number, not 'x'"),
    ("[government]\ntime_zone = 'Asia/Pangkalan'",   "government.time_zone: unknown zone 'Asia/Pangkalan'; for example Asia/Jakarta, Asia/Makassar, Asia/Jayapura"),
    ("[government]\nticket_prefix = 'kobar1'",       "government.ticket_prefix: must be 2 to 5 letters A-Z, not 'kobar1'"),
    ("[government]\nbounds = [1, 2]",               "government.bounds: must be the south, west, north and east end in degrees, for example [-3.6, 111.2, -1.3, 112.2]"),
    ("[government]\nbounds = [3, 1, 1, 2]",         "government.bounds: must be the south, west, north and east end in degrees, for example [-3.6, 111.2, -1.3, 112.2]"),
    ("[channels.SMS]\nkind = 'kannel'",              "channels.SMS: a name has 2 to 31 of a-z, 0-9 and -, and begins with a letter or digit"),
    ("[channels.sms]\nnumber = '1708'",              "channels.sms.kind: is missing; it names the adapter, for example telegram"),
    ("[channels.sms]\nkind = 'kannel'\nunknown_policy = 'x'", "channels.sms.unknown_policy: unknown 'x'; known: hold, resend_once_after_15_min"),
    ("[channels]\nsms = 1",                          "channels.sms: must be a table: write [channels.sms]"),
    ("[redis]\nurl = 'localhost'",                   "redis.url: must begin with one of: embedded, redis://, rediss://, unix://"),
    ("[api]\ntokens = [{name = 'a', scopes = []}]",  "api.tokens[0].token: is missing"),
]
# fmt: on


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_what_is_wrong_is_said_in_one_line(text: str, line: str) -> None:
    assert refusal(f"{text}\n{LOCAL}") == line


# fmt: off
WRONG_VARIABLES = [
    ({"GATEWAY__SERVER__PRT": "1"},             "GATEWAY__SERVER__PRT: unknown key; did you mean 'port'?"),
    ({"GATEWAY__SERVR__PORT": "1"},             "GATEWAY__SERVR__PORT: unknown key; did you mean 'server'?"),
    ({"GATEWAY__SERVER": "1"},                  "GATEWAY__SERVER: names no key; write GATEWAY__SECTION__KEY or GATEWAY__CHANNELS__NAME__KEY"),
    ({"GATEWAY__ACCOUNTS__BOTSTRAP__ROLE": ""}, "GATEWAY__ACCOUNTS__BOTSTRAP__ROLE: unknown key; did you mean 'bootstrap'?"),
    ({"GATEWAY__SMS__MAX_SEGMENTS": "x"},       "sms.max_segments: must be a whole number, not 'x'"),
    ({"GATEWAY__OUTBOUND__RETRY_S": "[1,"},     "outbound.retry_s: is no JSON list: Expecting value: line 1 column 4 (char 3)"),
    ({"GATEWAY__REDIS__URL_FILE": "/nowhere"},  "GATEWAY__REDIS__URL_FILE: cannot read /nowhere: [Errno 2] No such file or directory: '/nowhere'"),
]
# fmt: on


@pytest.mark.parametrize(("environ", "line"), WRONG_VARIABLES)
def test_a_wrong_variable_is_said_in_one_line(environ: dict[str, str], line: str) -> None:
    assert refusal(LOCAL, environ) == line


def test_broken_toml_names_its_place() -> None:
    assert re.fullmatch(r"settings: is not valid TOML: .*line 2.*", refusal("[server]\nport\n"))


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match=r"GATEWAY_CONFIG: cannot read /nowhere/gateway\.toml"):
        load(environ={"GATEWAY_CONFIG": "/nowhere/gateway.toml"})


# fmt: off
HOSTS = [
    ("http://127.0.0.1:8080", True), ("http://localhost", True), ("http://[::1]:80", True), ("http://127.9.9.9", True),
    ("https://aduan.kobar.invalid", False), ("http://192.168.1.2", False), ("http://127.0.0.1.kobar.invalid", False),
]
# fmt: on


@pytest.mark.parametrize(("url", "local"), HOSTS)
def test_only_loopback_hosts_are_local(url: str, local: bool) -> None:
    assert is_loopback(url) is local


def test_training_is_local_wherever_it_is_reached() -> None:
    assert settings_from(f"{PUBLIC}[training]\nenabled = true\n").is_local
    assert not settings_from(PUBLIC).is_local


def test_training_numbers_begin_with_lat_unless_a_prefix_is_set() -> None:
    training = f"{LOCAL}[training]\nenabled = true\n"
    assert settings_from(training).government.ticket_prefix == "LAT"
    assert settings_from(f"{training}[government]\nticket_prefix = 'UJI'\n").government.ticket_prefix == "UJI"


def test_a_window_holds_the_hours_across_midnight() -> None:
    night = Window(time(20), time(6, 30))
    assert [night.holds(time(*at)) for at in ((19, 59), (20, 0), (0, 0), (6, 29), (6, 30))] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not Window(time(8), time(8)).holds(time(8))
    assert str(night) == "20:00-06:30"


def test_settings_print_no_secret(tmp_path: Path) -> None:
    settings: Settings = load(complete(tmp_path), environ={})
    secrets = ["acceptance-identity-key", "acceptance-admin", "acceptance-api", "acceptance-sms", "777000"]
    assert not [secret for secret in secrets if secret in repr(settings)]
