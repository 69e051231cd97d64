"""From the gateway's own settings to what the simulators need: the same names, secrets and people on both sides."""

import json
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.clock import Clock, clock_for
from config.load import secret_by_reference
from config.reference import Reference, reference_for
from config.settings import REFERENCES, ChannelTable, Secret, Server, Settings, SettingsError
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import (
    GammuNames,
    HttpSmsNames,
    JasminNames,
    KannelNames,
    MailNames,
    MetaNames,
    Open311Names,
    Person,
    SimulatorSettings,
    SmppNames,
    Sp4nNames,
    TelegramNames,
    UssdNames,
    WhatsAppNames,
    XNames,
)

BOARD_FILE = "lapor.db"
"""The simulated LAPOR! of a training installation, beside its clock."""
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
SMTP_PORT, IMAP_PORT = 25, 143
ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


def simulator_settings(settings: Settings, gateway_url: str = "", *, classroom: bool = False) -> SimulatorSettings:
    """What the simulators of this installation play; `gateway_url` = where they call the gateway, if not on this machine.

    In a `classroom` LAPOR! answers nobody by itself: overdue work is there to be practised.
    Raises ReferenceInvalid for a broken file of agencies or holidays.
    """
    reference = reference_for(settings)
    return SimulatorSettings(
        gateway_url=gateway_url.rstrip("/") or _on_this_machine(settings.server),
        public_url=settings.server.public_url,
        telegram=_telegram(settings),
        kannel=_kannel(settings),
        jasmin=_jasmin(settings),
        http_sms=_http_sms(settings),
        gammu=_gammu(settings),
        mail=_mail(settings),
        smpp=_smpp(settings),
        meta=_meta(settings),
        x=_x(settings),
        whatsapp=_whatsapp(settings),
        ussd=_ussd(settings),
        sp4n=replace(_sp4n(settings, reference), answers_unasked=not classroom),
        open311=_open311(settings),
        web_channel=_values(settings, "web_form")[0],
        officers=_officers(reference),
        government=settings.government.name,
        time_zone=settings.government.time_zone,
        language=settings.government.language,
        days_off=_days_off(reference),
        clock=_clock(clock_for(settings)),
        seed=secrets.randbits(32),
        board_file=Path(settings.training.clock).with_name(BOARD_FILE) if settings.training.enabled else None,
    )


def _on_this_machine(server: Server) -> str:
    host = "127.0.0.1" if server.host in ANY_ADDRESS else server.host
    return f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"


def _clock(clock: Clock) -> SimulatorClock:
    if not clock.is_virtual:
        return SimulatorClock(clock.now)
    return SimulatorClock(clock.now, mover=lambda delta: _advance(clock, delta.total_seconds()))


def _advance(clock: Clock, seconds: float) -> None:
    clock.advance(seconds)


def _values(settings: Settings, kind: str) -> tuple[str, Mapping[str, str]]:
    """Name and keys of the first channel of a kind; empty when there is none."""
    table = next((table for table in settings.channels if table.kind == kind), None)
    return (table.name, _texts(table)) if table else ("", {})


def _texts(table: ChannelTable) -> Mapping[str, str]:
    return {key: str(value) for key, value in table.values.items()}


def _telegram(settings: Settings) -> TelegramNames:
    name, keys = _values(settings, "telegram")
    # In polling mode the gateway fetches: a webhook known beforehand would forbid it (409).
    secret = keys.get("webhook_secret", "") if keys.get("mode", "webhook") == "webhook" else ""
    return TelegramNames(channel=name, token=keys.get("token", ""), webhook_secret=secret)


def _kannel(settings: Settings) -> KannelNames:
    name, keys = _values(settings, "kannel")
    return KannelNames(
        channel=name,
        number=keys.get("number", "1708"),
        inbound_token=keys.get("inbound_token", ""),
        username=keys.get("username", ""),
        password=keys.get("password", ""),
    )


def _jasmin(settings: Settings) -> JasminNames:
    name, keys = _values(settings, "jasmin")
    return JasminNames(
        channel=name,
        number=keys.get("number", "1708"),
        inbound_token=keys.get("inbound_token", ""),
        username=keys.get("username", ""),
        password=keys.get("password", ""),
    )


def _http_sms(settings: Settings) -> HttpSmsNames:
    table = next((table for table in settings.channels if table.kind == "http_sms"), None)
    if table is None:
        return HttpSmsNames()
    values = table.values
    tables = provider_tables(Path(str(values["provider"]))) if values.get("provider") else values
    kept = values.get("secrets")
    given = {f"secret:{name}": str(value) for name, value in kept.items()} if isinstance(kept, Mapping) else {}
    keys = {reference: _meaning(reference, given, table.where) for reference in references_in(tables)}
    return HttpSmsNames(
        table.name, str(values.get("number", "")), tables, {**keys, "token": str(values.get("inbound_token", ""))}
    )


def _gammu(settings: Settings) -> GammuNames:
    name, keys = _values(settings, "gammu")
    if not name or keys.get("database"):
        return GammuNames()
    usual = "/var/spool/gammu"
    folders = {each: keys.get(f"{each}_path", f"{usual}/{each}") for each in ("inbox", "outbox", "sent", "error")}
    return GammuNames(name, keys.get("number", ""), folders)


def _mail(settings: Settings) -> MailNames:
    """Played only where the channel looks for its mail server on this machine, without encryption."""
    name, keys = _values(settings, "email")
    here = {"smtp_host", "imap_host"} if keys.get("mode") == "imap" else {"smtp_host"}
    plain = {each.replace("host", "security").removeprefix("smtp_") for each in here}
    if (
        not name
        or any(keys.get(each) not in LOOPBACK for each in here)
        or any(keys.get(one) != "none" for one in plain)
    ):
        return MailNames()
    return MailNames(
        channel=name,
        address=keys.get("from_address", ""),
        mode=keys.get("mode", "send_only"),
        webhook_secret=keys.get("webhook_secret", ""),
        authserv_id=keys.get("authserv_id", ""),
        smtp_port=int(keys.get("smtp_port", "0")) or SMTP_PORT,
        imap_port=int(keys.get("imap_port", "0")) or IMAP_PORT,
    )


def _smpp(settings: Settings) -> SmppNames:
    """Played only where the gateway looks for its operator on this machine."""
    name, keys = _values(settings, "smpp")
    if keys.get("host") not in LOOPBACK:
        return SmppNames()
    return SmppNames(
        channel=name,
        number=keys.get("number", "1708"),
        port=int(keys.get("port", 2775)),
        system_id=keys.get("system_id", ""),
        password=keys.get("password", ""),
    )


def _whatsapp(settings: Settings) -> WhatsAppNames:
    """Played for the first number; its templates are approved, whatever they are called."""
    table = next((table for table in settings.channels if table.kind == "whatsapp"), None)
    if table is None:
        return WhatsAppNames()
    usual, keys = WhatsAppNames(), _texts(table)
    named = table.values.get("templates", {})
    own = tuple(str(name) for key, name in named.items() if key != "language") if isinstance(named, Mapping) else ()
    digits = "".join(sign for sign in keys.get("number", "") if sign.isdecimal())
    return WhatsAppNames(
        channel=table.name,
        number=f"62{digits[1:]}" if digits.startswith("0") else digits or usual.number,
        number_id=keys.get("phone_number_id", usual.number_id),
        waba_id=keys.get("waba_id", usual.waba_id),
        token=_secret(table, "token"),
        app_secret=_secret(table, "app_secret"),
        templates=tuple(dict.fromkeys((*usual.templates, *own))),
    )


def _secret(table: ChannelTable, key: str) -> str:
    value = table.values.get(key, "")
    return value.reveal() if isinstance(value, Secret) else str(value)


def provider_tables(file: Path) -> Mapping[str, Any]:
    """What a provider's file holds (TOML or JSON). SettingsError when it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
        tables: Mapping[str, Any] = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as problem:
        raise SettingsError("provider", f"cannot read {file}: {problem}") from problem
    return tables


def references_in(tables: Mapping[str, Any]) -> Iterator[str]:
    """Every text that names a secret."""
    for value in tables.values():
        if isinstance(value, Mapping):
            yield from references_in(value)
        elif isinstance(value, str) and value.startswith(REFERENCES):
            yield value


def _meaning(reference: str, given: Mapping[str, str], where: str) -> str:
    return given[reference] if reference in given else secret_by_reference(reference, where).reveal()


def _meta(settings: Settings) -> MetaNames:
    page, keys = _values(settings, "messenger")
    account, more = _values(settings, "instagram")
    both = {**more, **keys}
    if not both:
        return MetaNames()
    known = {key: both.get(key, "") for key in ("token", "app_id", "app_secret", "api_url", "page_id")}
    return MetaNames(page, account, account_id=more.get("account_id", "17840000000000001"), **known)


def _x(settings: Settings) -> XNames:
    name, keys = _values(settings, "x")
    known = ("user_id", "username", "consumer_secret", "token", "refresh_token")
    return XNames(name, **{key: keys[key] for key in known if key in keys})


def _ussd(settings: Settings) -> UssdNames:
    name, keys = _values(settings, "ussd_http")
    return UssdNames(
        channel=name,
        service_code=keys.get("service_code", "*708#"),
        inbound_token=keys.get("inbound_token", ""),
        variant="json" if keys.get("variant") == "json" else "form",
    )


def _sp4n(settings: Settings, reference: Reference) -> Sp4nNames:
    keys = {key: str(value) for key, value in _forwarding(settings, "sp4n").items()}
    agencies = reference.agencies.values()
    known = []
    if (default := keys.get("default_institution_id", "")).isdigit():
        known.append((int(default), f"Pemerintah {settings.government.name}"))
    # An agency with the default's number is that agency.
    known += [(int(one.sp4n_institution_id), one.name) for one in agencies if one.sp4n_institution_id.isdigit()]
    return Sp4nNames(
        authorization=keys.get("authorization", "SIM-AUTH"),
        token=keys.get("token", "SIM-TOKEN"),
        institutions=tuple(dict(known).items()),
    )


def _open311(settings: Settings) -> Open311Names:
    values = _forwarding(settings, "open311")
    if not values:
        return Open311Names()
    codes = values.get("service_codes", {})
    mapped = list(codes.values()) if isinstance(codes, Mapping) else []
    every = [str(code) for code in (*mapped, values.get("default_service_code", "")) if code]
    return Open311Names(str(values.get("api_key", "")), tuple(dict.fromkeys(every)))


def _forwarding(settings: Settings, kind: str) -> Mapping[str, object]:
    """What the first system of record of a kind is set to; nothing when there is none."""
    return next((table.values for table in settings.forwarding if table.kind == kind), {})


def _officers(reference: Reference) -> tuple[Person, ...]:
    return tuple(
        Person(
            key=f"{agency.code.lower()}-{place}",
            name=member.person,
            chat=int(member.telegram or 0),
            phone=member.phone,
            email=member.email.lower(),
            role=member.role,
            agency=agency.name,
        )
        for agency in reference.agencies.values()
        for place, member in enumerate(agency.team)
    )


def _days_off(reference: Reference) -> frozenset[str]:
    days = reference.holidays.holidays
    worked = {day.date for day in days if day.kind == "kerja-pengganti"}
    off = {day.date for day in days if day.kind in {"libur", "cuti-bersama"}} - worked
    return frozenset(day.isoformat() for day in off)
