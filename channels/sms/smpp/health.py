"""What is wrong between us and an operator's SMSC, in sentences that say what to do."""

from collections.abc import Mapping

from channels.sms.smpp.pdu import Status
from channels.sms.smpp.settings import SmppSettings

NO_CONNECTION = (
    "no connection to {host}:{port} ({problem}): is the VPN up, are host and port those of the operator's letter, does the"
    " firewall let us out, does the operator know our address?"
)
NO_ANSWER = (
    "{host}:{port} takes the connection, but does not answer the bind ({problem}): is that the port for SMPP, is tls as the"
    " operator wants it?"
)
NO_LINK = "bound, but enquire_link was not answered ({problem}): ask the operator whether the link is up"
BINDS: Mapping[int, str] = {
    Status.WRONG_STATE: "the operator does not allow this kind of bind (0x04): ask whether it is a transceiver or two binds (`bind`)",
    Status.ALREADY_BOUND: "the operator says that we are bound already (0x05): an old connection is still open there, wait a minute",
    Status.BIND_FAILED: "the operator refuses the bind (0x0D): ask whether the account is active, from which address it may come and"
    " which kind of bind it may make (`bind`, `system_type`)",
    Status.WRONG_PASSWORD: "the operator refuses the password (0x0E): compare `password` with the operator's letter, capital letters too",
    Status.WRONG_SYSTEM_ID: "the operator does not know this system_id (0x0F): compare `system_id` with the operator's letter",
}
REFUSED = "the operator refuses the bind with status 0x{status:02X}: ask what that means"
LOCKING = frozenset({Status.BIND_FAILED, Status.WRONG_PASSWORD, Status.WRONG_SYSTEM_ID})
"""Who tries on and on with these is locked out."""


def of_bind(status: int) -> str:
    return BINDS.get(status, REFUSED.format(status=status))


def unreachable(settings: SmppSettings, problem: Exception) -> str:
    return NO_CONNECTION.format(host=settings.host, port=settings.port, problem=problem)


def silent(settings: SmppSettings, problem: Exception) -> str:
    return NO_ANSWER.format(host=settings.host, port=settings.port, problem=problem)
