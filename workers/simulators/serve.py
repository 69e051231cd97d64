"""One process that hosts the simulators and the practice site."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import cast

from aiohttp import web

from config import clock as machine_clock
from config.garbage import settled
from workers.simulators import (
    gammu,
    http_sms,
    jasmin,
    kannel,
    mail,
    meta,
    phone,
    practice_cast,
    smsc,
    telegram,
    ussd,
    whatsapp,
    x,
)
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings

# Name -> where its `build(settings)` is; the name is also the path it is mounted at.
SIMULATORS: Mapping[str, str] = {
    "telegram": "workers.simulators.telegram:build",
    "kannel": "workers.simulators.kannel:build",
    "jasmin": "workers.simulators.jasmin:build",
    "http-sms": "workers.simulators.http_sms:build",
    "gammu": "workers.simulators.gammu:build",
    "mail": "workers.simulators.mail:build",
    "smsc": "workers.simulators.smsc:build",
    "x": "workers.simulators.x:build",
    "meta": "workers.simulators.meta:build",
    "whatsapp": "workers.simulators.whatsapp:build",
    "ussd": "workers.simulators.ussd:build",
    "web": "workers.simulators.web:build",
    "sp4n": "workers.simulators.sp4n:build",
    "open311": "workers.simulators.open311:build",
}
LOOPBACK = "127.0.0.1"
REACHABLE_AT_LOOPBACK = frozenset({LOOPBACK, "localhost", "0.0.0.0"})  # noqa: S104 - compared, not bound
SHUTDOWN_S = 2.0


def application(settings: SimulatorSettings, names: Sequence[str] = ()) -> web.Application:
    """The chosen simulators (none named = all), each under its name, with the practice site at the root."""
    shared = settings if settings.clock else replace(settings, clock=SimulatorClock(machine_clock.now))
    root = web.Application()
    parts = {name: _builder(name)(shared) for name in (names or SIMULATORS)}
    assert shared.clock is not None  # noqa: S101 - tells the type checker what the line above did
    # A phone shows only what the gateway has a channel for.
    played = practice_cast.Cast(
        clock=shared.clock,
        telegram=parts["telegram"][telegram.PLAYER] if "telegram" in parts and shared.telegram.channel else None,
        sms=_sms(parts, shared),
        ussd=parts["ussd"][ussd.PLAYER] if "ussd" in parts and shared.ussd.channel else None,
        whatsapp=parts["whatsapp"][whatsapp.PLAYER] if "whatsapp" in parts and shared.whatsapp.channel else None,
        meta=parts["meta"][meta.PLAYER] if "meta" in parts and _has_pages(shared) else None,
        x=parts["x"][x.PLAYER] if "x" in parts and shared.x.channel else None,
        mail=parts["mail"][mail.PLAYER] if "mail" in parts and shared.mail.channel else None,
        board_path="/sp4n" if "sp4n" in parts else "",
    )
    for name, part in parts.items():
        root.add_subapp(f"/{name}", part)
    phone.add_to(root, shared, played)
    return root


def _has_pages(settings: SimulatorSettings) -> bool:
    return bool(settings.meta.page_channel or settings.meta.instagram_channel)


def _sms(parts: Mapping[str, web.Application], settings: SimulatorSettings) -> practice_cast.SmsCast | None:
    """Whose SMS the phone shows: those of the first provider that the gateway has a channel for."""
    if "kannel" in parts and settings.kannel.channel:
        return practice_cast.SmsCast("kannel", settings.kannel.number, parts["kannel"][kannel.PLAYER])
    if "jasmin" in parts and settings.jasmin.channel:
        return practice_cast.SmsCast("jasmin", settings.jasmin.number, parts["jasmin"][jasmin.PLAYER])
    if "http-sms" in parts and settings.http_sms.channel:
        return practice_cast.SmsCast("http-sms", settings.http_sms.number, parts["http-sms"][http_sms.PLAYER])
    if "gammu" in parts and settings.gammu.channel:
        return practice_cast.SmsCast("gammu", settings.gammu.number, parts["gammu"][gammu.PLAYER])
    if "smsc" in parts and settings.smpp.channel:
        return practice_cast.SmsCast("smsc", settings.smpp.number, parts["smsc"][smsc.PLAYER])
    return None


async def serve(
    settings: SimulatorSettings,
    names: Sequence[str],
    host: str,
    port: int,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is told the address once the port answers. OSError: the port is taken."""
    runner = web.AppRunner(application(settings, names), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        hosts = [host] if host in REACHABLE_AT_LOOPBACK else [host, LOOPBACK]
        for address in hosts:
            await web.TCPSite(runner, address, port).start()
        if ready:
            ready(f"http://{LOOPBACK if host in REACHABLE_AT_LOOPBACK else host}:{runner.addresses[0][1]}")
        settled()
        await _until_told()
    finally:
        await runner.cleanup()


async def _until_told() -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):  # another thread, or a system without signals
            loop.add_signal_handler(number, told.set)
    await told.wait()


def _builder(name: str) -> Callable[[SimulatorSettings], web.Application]:
    module, _, function = SIMULATORS[name].partition(":")
    return cast("Callable[[SimulatorSettings], web.Application]", getattr(import_module(module), function))
