"""`gateway run`: everything on one machine, in the foreground, until Ctrl-C or SIGTERM.

Private Redis, migrations and data, then web, three workers, the clock, listeners and, in training, the simulators. The
same roles run as commands of their own in production; nothing here is known to them.
"""

import http.client
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from urllib.parse import urlsplit, urlunsplit

import click
import redis

from channels import registry
from config.clock import monotonic
from config.garbage import settled
from config.logging import configure, get_logger, redact_text
from config.settings import Settings
from config.texts import Texts, shipped
from gateway.app import prepare
from gateway.cli.given import settings_or_exit
from gateway.cli.main import main
from workers import redis_server
from workers.family import Family, Member, MemberFailing, Started, forked
from workers.listen import listening
from workers.redis_server import OwnRedis

log = get_logger(__name__)

# Receipts before classification: what a citizen waits for never queues behind half a second of reading (P19, rule 11).
WORKERS = (("deliver", "notify"), ("classify",), ("forward", "poll", "attach", "hooks"))
LOOK_EVERY_S = 0.05
PORTS_FREE_WITHIN_S = 4.0
"""What the members of a run that was killed may need to end."""
LANGUAGES = ("id", "en")
SHARED = ("workers.commands", "aiohttp.web")
"""What several members work with: loaded here, before they are forked, it is loaded and held once for all of them."""


class NotStarted(Exception):
    """The gateway cannot start here; the text says in one line why and what to do."""


@click.command()
def run() -> None:
    """Run the whole gateway on this machine; without a settings file, in training mode with simulators."""
    settings = settings_or_exit()
    configure(settings)
    say = partial(_say, shipped())
    say("run.start", version=version("satupintu"), government=settings.government.name)
    if settings.training.enabled:
        say("run.training")
    try:
        _check_ports(settings)
        own_redis = _open_redis(settings, say)
        try:
            _prepare(settings)
            _live(settings, [*_member(own_redis), *members(settings)], say)
        finally:
            if own_redis:
                own_redis.forget()
    except (NotStarted, MemberFailing, redis_server.RedisNotStarted) as problem:
        raise click.ClickException(str(problem)) from problem
    except redis_server.RedisNotFound as problem:
        raise click.UsageError(str(problem)) from problem
    say("run.ended")


def _live(settings: Settings, all_members: Sequence[Member], say: Callable[..., None]) -> None:
    for module in SHARED:
        import_module(module)
    family = Family(all_members)
    settled()  # what is here now is shared with every member; the collector must not touch and so copy it
    family.start()
    try:
        family.watch(until=lambda: _is_ready(settings), look_every_s=LOOK_EVERY_S)
        if not family.told_to_end:
            _tell_ready(settings, say)
        family.watch()
    finally:
        family.end(settings.server.shutdown_s)


def members(settings: Settings) -> Iterator[Member]:
    """The processes of this machine, in the order they start. Simulated providers are there before who calls them, and load
    while the web process, which calls nobody, does."""
    yield Member("web", command("serve"), reads_again=True)
    if settings.training.enabled:
        gateway_url = f"http://{_loopback(settings.server.host)}:{settings.server.port}"
        port = settings.training.port
        simulate = command("simulate", "--port", str(port), "--gateway", gateway_url, "--classroom", "--quiet")
        yield Member("simulators", simulate, answers=partial(_is_open, port))
    for queues in WORKERS:
        yield Member(f"worker {' '.join(queues)}", command("work", *queues))
    yield Member("clock", command("clock"))
    channels = registry.build(settings.channels, absent_secret=lambda _label: "0" * 48)
    names = [channel.name for channel in listening(list(channels.values()))]
    if names:
        yield Member("listeners", command("listen", *names))


def _is_open(port: int) -> bool:
    """Whether somebody listens on this machine's own address."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def command(*arguments: str) -> Callable[[], Started]:
    """Starts a process that runs this command as if it had been typed."""
    return forked(lambda: main(arguments))


def _check_ports(settings: Settings) -> None:
    """Refuse a port that somebody else has; the members of a run that was killed get their time to end first."""
    ports = [(settings.server.host, settings.server.port, "server.port")]
    if settings.training.enabled:
        ports.append(("127.0.0.1", settings.training.port, "training.port"))
    patience_until = monotonic() + PORTS_FREE_WITHIN_S
    for host, port, key in ports:
        problem = _why_taken(host, port)
        while problem and monotonic() < patience_until:
            threading.Event().wait(LOOK_EVERY_S)
            problem = _why_taken(host, port)
        if problem:
            variable = f"GATEWAY__{key.upper().replace('.', '__')}"
            raise NotStarted(
                f"{key}: {host}:{port} cannot be used ({problem}); end the other program or set {variable}"
            )


def _why_taken(host: str, port: int) -> str:
    """Why nobody can listen there now; empty when one can."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as problem:
        return problem.strerror or type(problem).__name__
    return ""


def _open_redis(settings: Settings, say: Callable[..., None]) -> OwnRedis | None:
    """Our private Redis, its address told to all members by the environment; None where an address was given."""
    if not settings.redis.is_embedded:
        say("run.redis_given", url=_without_password(settings.redis.url))
        if not _redis_answers(settings.redis.url):
            log.warning("redis_lost", url=_without_password(settings.redis.url))
        return None
    own = OwnRedis(redis_server.find_binary(settings.redis.binary))
    say("run.redis_own", program=own.binary)
    os.environ["GATEWAY__REDIS__URL"] = own.url  # noqa: TID251 - told to our members, not read
    return own


def _member(own_redis: OwnRedis | None) -> list[Member]:
    return [Member("redis", own_redis.begin, outlives_others=True)] if own_redis else []


def _redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return False
    return True


def _prepare(settings: Settings) -> None:
    try:
        prepare(settings)
    except OSError as problem:
        raise NotStarted(f"storage: {problem}") from problem
    except Exception as problem:
        log.debug("prepare_failed", exc_info=True)
        words = redact_text(f"{type(problem).__name__}: {problem}".splitlines()[0])
        raise NotStarted(f"storage.url: the database cannot be used: {words}") from problem


def _is_ready(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(_loopback(settings.server.host), settings.server.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _loopback(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _tell_ready(settings: Settings, say: Callable[..., None]) -> None:
    url = settings.server.public_url
    say("run.ready", url=url, staff=f"{url}/masuk")
    bootstrap = settings.accounts.bootstrap
    if settings.training.enabled:
        say("run.simulators", url=f"http://127.0.0.1:{settings.training.port}/")
        say("run.login", username=bootstrap.username, password=bootstrap.password.reveal())
    say("run.stop_hint")


def _say(texts: Texts, key: str, **values: object) -> None:
    """A line for the person at the terminal, in both languages."""
    for language in LANGUAGES:
        click.echo(texts(key, language, **values))
    sys.stdout.flush()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if not parts.password:
        return url
    return urlunsplit(parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}"))
