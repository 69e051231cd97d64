"""Secrets that keep nothing secret are refused, except where nobody but this machine could use them (SECURITY § 11)."""

from pathlib import Path

import pytest

from config.load import load, settings_from
from config.settings import Secret, SettingsError

KEY = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"
LOCAL = "http://127.0.0.1:8080"
PUBLIC = "https://aduan.kobar.invalid"
TOKEN = "abcdefghij0123456789"


def settings_at(url: str, key: str = KEY, rest: str = "") -> str:
    return f'[server]\npublic_url = "{url}"\n[storage]\nidentity_key = "{key}"\n{rest}'


# fmt: off
WEAK = [
    # key, rest of the settings,                                                  what is said
    ("kurang-dari-32-huruf",       "",                                            "storage.identity_key: is too weak: at least 32 random characters are needed"),
    ("ababababababababababababababababab", "",                                    "storage.identity_key: is too weak: at least 32 random characters are needed"),
    ("latihan-kunci-identitas-hanya-untuk-pelatihan-8c1f", "",                    "storage.identity_key: is the value of the built-in example, which everybody knows"),
    (KEY, "[channels.tg]\nkind = 'telegram'\ntoken = 'changeme'",                 "channels.tg.token: is a placeholder, not a secret"),
    (KEY, "[channels.tg]\nkind = 'telegram'\ntoken = 'xxxxxx'",                   "channels.tg.token: is a placeholder, not a secret"),
    (KEY, "[channels.tg]\nkind = 'telegram'\ntoken = ''",                         "channels.tg.token: is empty"),
    (KEY, "[channels.sms]\nkind = 'http_sms'\n[channels.sms.outbound.headers]\nAuthorization = 'secret'",
                                                                                  "channels.sms.outbound.headers.Authorization: is a placeholder, not a secret"),
    (KEY, f"[forwarding.sp4n]\nkind = 'sp4n'\ntoken = '{KEY}'",                   "forwarding.sp4n.token: has the same value as storage.identity_key; every purpose needs its own"),
    (KEY, "[accounts.bootstrap]\nusername = 'admin'\npassword = ''",              "accounts.bootstrap.password: is empty"),
    (KEY, "[api]\ntokens = [{name = 'a', token = 'short-token', scopes = []}]",   "api.tokens[0].token: must have at least 20 characters"),
    (KEY, "[accounts]\nsecond_factor = 'optional'",                               "accounts.second_factor: may be optional in local set-ups only"),
]
# fmt: on


@pytest.mark.parametrize(("key", "rest", "said"), WEAK)
def test_c26_a_weak_secret_is_refused_in_public(key: str, rest: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from(settings_at(PUBLIC, key, rest))
    assert str(refused.value) == said


@pytest.mark.parametrize(("key", "rest", "said"), WEAK)
def test_c26_a_weak_secret_is_a_warning_on_this_machine(key: str, rest: str, said: str) -> None:
    assert said in settings_from(settings_at(LOCAL, key, rest)).warnings


@pytest.mark.parametrize("url", [LOCAL, PUBLIC])
def test_c26_nothing_runs_without_an_identity_key(url: str) -> None:
    with pytest.raises(SettingsError, match=r"storage.identity_key: is missing"):
        settings_from(settings_at(url, ""))


def test_good_secrets_leave_no_remark() -> None:
    rest = f"[api]\ntokens = [{{name = 'a', token = '{TOKEN}', scopes = ['read']}}]\n"
    assert settings_from(settings_at(PUBLIC, rest=rest)).warnings == ()


@pytest.mark.parametrize(
    ("mode", "url", "outcome"), [(0o600, PUBLIC, "ok"), (0o644, PUBLIC, "no"), (0o644, LOCAL, "warning")]
)
def test_c26_a_secret_file_belongs_to_its_owner_alone(mode: int, url: str, outcome: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(mode)
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY_FILE": str(file)}
    line = f"storage.identity_key: {file} has mode 0644; a secret file must be readable by its owner only (0600)"
    if outcome == "no":
        with pytest.raises(SettingsError) as refused:
            settings_from(settings_at(url, ""), environ)
        assert str(refused.value) == line
        return
    settings = settings_from(settings_at(url, ""), environ)
    assert settings.storage.identity_key.reveal() == KEY
    assert settings.warnings == ((line,) if outcome == "warning" else ())


def test_c26_a_settings_file_with_secrets_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(settings_at(PUBLIC))
    file.chmod(0o640)
    assert load(str(file), {}).warnings == (f"{file}: is readable by other users and holds secrets; chmod 600 it",)
    file.chmod(0o600)
    assert load(str(file), {}).warnings == ()


def test_a_settings_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[server]\nport = 8081\n")
    file.chmod(0o644)
    assert load(str(file), {"GATEWAY__STORAGE__IDENTITY_KEY": KEY}).warnings == ()


def test_c26_a_secret_prints_as_stars_and_compares_by_value() -> None:
    secret = Secret("rahasia-negara")
    assert f"{secret} {secret!r} {[secret]}" == "*** Secret(***) [Secret(***)]"
    assert secret == Secret("rahasia-negara")
    assert secret != Secret("lain")
    assert secret != "rahasia-negara"
    assert {secret: 1}[Secret("rahasia-negara")] == 1
    assert secret
    assert not Secret("")
