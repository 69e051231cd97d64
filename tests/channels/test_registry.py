"""From tables of the settings to channels."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from channels import registry
from channels.messages import Address
from channels.protocols import Capabilities
from channels.registry import ADAPTERS, adapter_class, build
from config.load import load, settings_from
from config.settings import ChannelTable, SettingsError

# The channels of the set-up that acceptance runs use; other keys than these must not be needed.
ACCEPTED = """
[storage]
identity_key = "acceptance-identity-key-0123456789abcdef"

[channels.tg]
kind = "telegram"
token = "777000:acceptance-token"
webhook_secret = "acceptance-webhook-secret"
api_url = "http://127.0.0.1:9000"
mode = "webhook"

[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "acceptance-sms-token"
send_url = "http://127.0.0.1:9000/cgi-bin/sendsms"
username = "gateway"
password = "acceptance-sms-password"
messages_per_second = 50

[channels.ussd]
kind = "ussd_http"
service_code = "*708#"
inbound_token = "acceptance-ussd-token"
sms_channel = "sms"
draft_after_s = 10

[channels.web]
kind = "web_form"
min_fill_s = 0
"""


def drawn(label: str) -> str:
    return f"drawn-{label.replace('.', '-')}"


def table(kind: str, **values: object) -> ChannelTable:
    return ChannelTable("uji", kind, values)


def test_a_complete_set_up_is_accepted() -> None:
    channels = build(settings_from(ACCEPTED, environ={}).channels, absent_secret=drawn)
    offered = {
        name: {part for part in PROTOCOLS if getattr(channel, part) is not None} for name, channel in channels.items()
    }
    assert offered == {
        "tg": {"receiver", "sender", "fetcher", "listener", "checker", "starter"},
        "sms": {"receiver", "sender", "checker"},
        "ussd": {"receiver"},
        "web": {"receiver"},
    }
    assert [channel.messages_per_second for channel in channels.values()] == [25, 50, 5, 5]
    assert [channel.own for channel in channels.values()] == ["", "1708", "*708#", ""]
    assert channels["web"].max_body == 25 * 1024 * 1024
    assert channels["tg"].max_body is None
    assert channels["ussd"].settings.draft_after_s == 10


PROTOCOLS = ("receiver", "sender", "fetcher", "listener", "checker", "starter")


def test_the_training_example_is_accepted() -> None:
    channels = build(load(environ={}).channels, absent_secret=drawn)
    # Mail needs a server of somebody's own, and one way for SMS is enough to practise.
    assert {channel.kind for channel in channels.values()} == {
        "instagram", "kannel", "messenger", "telegram", "ussd_http", "web_form", "whatsapp", "x",
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_every_row_leads_to_an_adapter(kind: str) -> None:
    adapter = adapter_class(kind)
    assert isinstance(adapter.capabilities, Capabilities)
    assert adapter.Settings.__dataclass_params__.frozen


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("kanel", "did you mean 'kannel'?"),
        ("telegrm", "did you mean 'telegram'?"),
        ("carrier-pigeon", "known: email, gammu, http_sms, "),
    ],
)
def test_an_unknown_kind_names_the_nearest(kind: str, advice: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build([table(kind)], absent_secret=drawn)
    assert str(refused.value).startswith(f"channels.uji.kind: unknown '{kind}'; {advice}")


def test_a_wrong_key_is_named_with_its_channel() -> None:
    with pytest.raises(SettingsError, match=r"channels\.uji\.numbr: unknown key; did you mean 'number'"):
        build([table("kannel", numbr="1708")], absent_secret=drawn)


def test_secrets_that_may_be_left_out_are_drawn() -> None:
    channels = build([table("telegram", token="1:UJI")], absent_secret=drawn)
    assert channels["uji"].settings.webhook_secret.reveal() == "drawn-uji-webhook_secret"
    given = build([table("telegram", token="1:UJI", webhook_secret="sendiri")], absent_secret=drawn)
    assert given["uji"].settings.webhook_secret.reveal() == "sendiri"


def test_keys_of_all_channels_are_accepted_for_each() -> None:
    channel = build([table("sandbox", unit="DISHUB", inbound_from=["10.0.0.0/8"])], absent_secret=drawn)["uji"]
    assert (channel.unit, channel.inbound_from) == ("DISHUB", ("10.0.0.0/8",))
    with pytest.raises(SettingsError, match="does not appear to be"):
        build([table("sandbox", inbound_from=["smsbox"])], absent_secret=drawn)


def test_what_a_listener_without_a_webhook_brought_can_be_read_again() -> None:
    channel = build([table("gammu", number="1708")], absent_secret=drawn)["uji"]
    assert channel.receiver is None
    assert channel.listener is channel.reader is channel.adapter
    assert channel.hears


def test_only_adapters_with_a_pace_have_one() -> None:
    channels = build(settings_from(ACCEPTED, environ={}).channels, absent_secret=drawn)
    assert channels["tg"].pace(Address("tg", "77")) == 1.0
    assert channels["sms"].pace(Address("tel", "+6281200000001")) == 0.0


@dataclass(frozen=True, slots=True)
class PigeonSettings:
    loft: str = "atap"


class Pigeon:
    """A kind that an installed package brings."""

    Settings = PigeonSettings
    capabilities: ClassVar[Capabilities] = Capabilities(sends=False)

    def __init__(self, settings: PigeonSettings) -> None:
        self.settings = settings


def test_an_installed_package_adds_kinds_and_replaces_none(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint(name, f"{__name__}:Pigeon", registry.GROUP) for name in ("pigeon", "telegram")]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == registry.GROUP else [])
    monkeypatch.setattr(registry, "import_module", lambda name: __import__("sys").modules[name])
    registry._targets.cache_clear()
    try:
        assert build([table("pigeon", loft="menara")], absent_secret=drawn)["uji"].settings.loft == "menara"
        assert registry._targets()["telegram"] == ADAPTERS["telegram"]
    finally:
        registry._targets.cache_clear()
