"""E-mail, outgoing only: notices to officers through the office's mail server (docs/channels/email.md)."""

from typing import ClassVar

from channels.email.dialogue import hand_over, visit
from channels.email.settings import EmailSettings
from channels.email.writing import written
from channels.errors import ChannelStopped, SendError
from channels.messages import OutboundMessage, SendReceipt
from channels.protocols import Capabilities, Http

ADVICE = {
    "credentials": "the mail server refuses the login: compare username and password, ask whether an app password is needed",
    "configuration": "the mail server does not want us as configured: compare smtp_host, smtp_port and security",
    "not_sent": "no connection to smtp_host at smtp_port: is the name right, the port open, the certificate valid?",
}
ELSE = "the mail server is busy or answers strangely: try again in some minutes"


class Email:
    """Sender and Checker. Nothing comes in: a mail to `from_address` is read by people."""

    Settings = EmailSettings
    capabilities: ClassVar[Capabilities] = Capabilities(max_length=100_000, max_messages=1)
    messages_per_second: ClassVar[float] = 0.5

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings

    @property
    def own(self) -> str:
        return self._settings.from_address

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """`provider_id` is the queue's name of the mail, where the server says one. Sent never means delivered here."""
        mail = written(message, self._settings)
        queued = await hand_over(mail, self._settings.from_address, message.address.path, self._settings)
        return SendReceipt(provider_id=queued)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Connects, greets and logs in; sends nothing."""
        try:
            await visit(self._settings)
        except ChannelStopped as problem:
            return [f"{ADVICE[problem.reason]} ({problem.detail})"]
        except SendError as problem:
            return [f"{ADVICE.get(problem.reason, ELSE)} ({problem.detail or problem.reason})"]
        return []
