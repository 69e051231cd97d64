"""What others see of us: the public address and its certificate, asked as a citizen's browser would; and Redis."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from config.settings import Settings
from gateway.doctor.findings import Finding, broken, fine, warning
from gateway.doorbell import Doorbell
from gateway.file_store import open_files
from gateway.operations.disks import ELSEWHERE

PATIENCE_S = 5.0
DAYS_LEFT = 14
ALIVE = b"ok"
OK = 200


def public_url(settings: Settings, now: datetime) -> Finding:
    """Whether citizens and providers reach this gateway under the address that it tells them."""
    url = urlsplit(settings.server.public_url)
    if url.scheme == "http" and settings.is_local:
        return fine("public_url", "local", url=settings.server.public_url)
    if url.scheme == "http":
        return broken("public_url", "plain", url=settings.server.public_url)
    connection = HTTPSConnection(url.hostname or "", url.port, timeout=PATIENCE_S, context=ssl.create_default_context())
    try:
        connection.connect()
        days = _days_left(connection, now)
        answer = _asked(connection, url.path)
    except ssl.SSLCertVerificationError as problem:
        return broken("public_url", "untrusted", problem=problem.verify_message)
    except (OSError, HTTPException) as problem:
        # A machine need not reach itself by its public name; citizens must.
        return warning("public_url", "unreachable", problem=type(problem).__name__)
    finally:
        connection.close()
    if answer != (OK, ALIVE):
        return broken("public_url", "stranger", status=answer[0])
    return warning("public_url", "expiring", days=days) if days < DAYS_LEFT else fine("public_url", days=days)


def object_store(settings: Settings) -> Iterator[Finding]:
    """Whether attachments can be reached where they are kept in a bucket."""
    place = settings.storage.attachments_dir
    if ELSEWHERE not in place:
        return
    try:
        next(iter(open_files(settings.storage).names("doctor")), None)
    except OSError as problem:
        yield broken("folder", "store_away", "attachments", store=place, problem=str(problem))
    else:
        yield fine("folder", "store", "attachments", store=place)


def _days_left(connection: HTTPSConnection, now: datetime) -> int:
    certificate = connection.sock.getpeercert() or {}
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return (ends - now).days


def _asked(connection: HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", f"{path}/healthz")
    answer = connection.getresponse()
    return answer.status, answer.read(len(ALIVE) + 1)


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether it can be rung, and whether it would throw rings away."""
    if settings.redis.is_embedded:
        yield fine("redis", "own")
        return
    doorbell = Doorbell(settings.redis.url)
    try:
        told = doorbell.described() if doorbell.answers() else None
    finally:
        doorbell.close()
    yield from judged(told)


def judged(told: Mapping[str, str] | None) -> Iterator[Finding]:
    """What Redis says about itself; None when it did not answer or took nothing."""
    if told is None:
        yield broken("redis", "away")
        return
    found = []
    if told.get("maxmemory", "0") != "0" and told.get("maxmemory_policy") != "noeviction":
        found.append(warning("redis", "policy", policy=told.get("maxmemory_policy", "")))
    if told.get("maxmemory") == "0":
        found.append(warning("redis", "unlimited"))
    if told.get("rdb_last_bgsave_status") == "err":
        found.append(broken("redis", "save_failed"))
    yield from found or [fine("redis", version=told.get("redis_version", ""))]
