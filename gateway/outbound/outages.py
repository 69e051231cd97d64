"""Telling people once that a channel is out, and once that it is back: no heartbeat, refused by its provider, late, or unusually still.

Whoever looks knows since when: what stood still while the whole installation was off is no outage of a channel.
"""

from datetime import timedelta

from config.logging import get_logger
from gateway.complaints.notices import Audience
from gateway.operations import vitals
from gateway.outbound import circles, costs
from gateway.outbound.outbound import Said
from gateway.queries import channel_watch, deafness, silence
from gateway.queries.channel_watch import ChannelState, Watched
from gateway.storage.store import Transaction

log = get_logger(__name__)
FIGURE, ALERT = "channel_outage_told", "chan.alert"
TOLD = (Audience.COORDINATOR, Audience.CHANNEL_ADMIN)
CODES = ("", "down", "late", "silent", "deaf")
"""What was told, by its number in the figure."""
LATE_FOR_S = timedelta(minutes=15).total_seconds()
"""A message older than this is more than a busy moment."""
LOOKED, ON_SINCE = "channel_outages_looked_at", "channel_outages_looked_since"
OFF_AFTER_S = 300
"""Nobody looked for so long: the installation was off, or its clock jumped. What it missed is caught up with first."""
PATIENT_S = {
    "down": channel_watch.HEARTBEAT_S * channel_watch.MISSED_HEARTBEATS,
    "late": LATE_FOR_S,
    "silent": silence.LONGEST.total_seconds(),
    "deaf": deafness.AFTER.total_seconds(),
}
"""So long it must have been on before it is told: until then the time in which it was off counts as well."""


def tell(tx: Transaction) -> int:
    """Look at every channel; how many outages and returns were told."""
    on_s = _on_for_s(tx)
    return sum(_look(tx, channel, on_s) for channel in channel_watch.watch(tx))


def outage_of(channel: Watched) -> str:
    """Why people must be told of it now: `down`, `late`, `deaf` or `silent`; empty when they need not be."""
    if channel.paused_at is not None:
        return ""
    if channel.state is ChannelState.DOWN:
        return "down"
    if (channel.outbound.oldest_queued_s or 0) > LATE_FOR_S:
        return "late"
    if channel.is_deaf:
        return "deaf"
    return "silent" if channel.silence.is_unusual else ""


def _on_for_s(tx: Transaction) -> int:
    """For how long somebody has been looking without a gap."""
    now, known = int(tx.now.timestamp()), vitals.kept(tx, LOOKED, ON_SINCE)
    since = known.get(ON_SINCE, now)
    if not 0 <= now - known.get(LOOKED, 0) <= OFF_AFTER_S:
        since = now
    vitals.keep(tx, LOOKED, now)
    vitals.keep(tx, ON_SINCE, since)
    return now - since


def _look(tx: Transaction, channel: Watched, on_s: int) -> int:
    name = vitals.sample(FIGURE, channel=channel.name)
    since, code = divmod(vitals.kept(tx, name).get(name, 0), 10)
    before, now = CODES[code], outage_of(channel)
    if now == "late" and costs.is_full(tx, channel.name):
        now = ""  # of the cap people were told already
    last_in = int(channel.last_in_at.timestamp()) if channel.last_in_at else 0
    if before in {"silent", "deaf"} and not now and last_in == since:
        return 0  # the hours in which much is usual are over, and still nothing has come
    if before and now:
        return 0  # told once, whatever else comes to it
    if before == now or (now and on_s <= PATIENT_S[now]):
        return 0
    vitals.keep(tx, name, last_in * 10 + CODES.index(now))
    texts, values = tx.office.texts, {"nama": channel.name, "n": str(channel.outbound.queued)}
    if now:
        usual = round(channel.silence.usual)
        said = texts("chan.outage", keadaan=texts(f"chan.outage_{now}", biasa=usual), **values)
    else:
        said = texts("chan.back", **values)
    circles.tell(tx, circles.of(tx, TOLD), said, Said(ALERT, direct=False))
    if now:
        tx.afterwards.append(lambda: log.warning("channel_out", channel=channel.name, why=now))
    else:
        tx.afterwards.append(lambda: log.info("channel_back", channel=channel.name, why=before))
    return 1
