"""Settings, their defaults, and the page about them say the same."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from config.document import described, document
from config.effective import effective
from config.load import load, settings_from
from config.settings import Settings

ROOT = Path(__file__).parents[2]
OPEN = {"channels", "forwarding", "source", "warnings", "provenance"}


def declared() -> list[tuple[str, str]]:
    """(section, key) of every field of every section, nested ones as `accounts.bootstrap`."""
    found = []
    waiting = [(name, cls) for name, cls in get_type_hints(Settings).items() if name not in OPEN]
    for section, cls in waiting:
        hints = get_type_hints(cls)
        for field in fields(cls):
            if is_dataclass(hints[field.name]):
                waiting.append((f"{section}.{field.name}", hints[field.name]))
            else:
                found.append((section, field.name))
    return found


def test_every_setting_has_a_default_and_a_meaning_in_the_order_of_its_section() -> None:
    written = [(setting.section, setting.key) for setting in described()]
    assert len(written) > 80
    assert sorted(written) == sorted(declared())


def test_no_setting_ends_like_a_secret_file() -> None:
    # GATEWAY__SECTION__KEY_FILE would then mean two things.
    assert not [key for _, key in declared() if key.endswith("_file")]


def test_the_page_about_settings_is_fresh() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == document(), "run: python -m config.document > docs/settings.md"


def test_the_effective_settings_show_everything_and_no_secret() -> None:
    lines = {line.key: line for line in effective(load(environ={"GATEWAY__REDIS__URL": "redis://u:sandi@host:6379/0"}))}
    assert len(lines) > 110
    assert lines["storage.identity_key"].value == "***"
    assert lines["channels.tg.token"].value == "***"
    assert lines["forwarding.sp4n.authorization"].value == "***"
    assert lines["redis.url"].value == "redis://***@host:6379/0"
    assert lines["channels.sms.messages_per_second"].value == 20
    assert lines["notices.digest_at"].value == "07:30"
    assert lines["redis.url"].origin == "GATEWAY__REDIS__URL"
    assert lines["channels.tg.token"].origin == "built-in example"
    assert lines["sms.max_segments"].origin == "default"
    assert "latihan-token" not in str(lines)


def test_tokens_of_the_api_are_shown_without_their_value() -> None:
    text = """
        [storage]
        identity_key = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"
        [api]
        tokens = [{ name = "peta", token = "abcdefghij0123456789", scopes = ["read"] }]
        [channels.s]
        kind = "http_sms"
        [channels.s.outbound]
        url = "https://sms.invalid/send?key=abc"
        headers = { Authorization = "Bearer abc" }
        """.replace("channels.s", "channels.sms")
    lines = {line.key: line.value for line in effective(settings_from(text))}
    assert lines["api.tokens"] == [{"name": "peta", "token": "***", "scopes": ["read"]}]
    assert lines["channels.sms.outbound.url"] == "https://sms.invalid/send?***"
    assert lines["channels.sms.outbound.headers.Authorization"] == "***"
