"""What can go wrong between us and a provider. Each error carries the decisions of whoever catches it.

`code` is stable: text key, metric label and line in docs/errors.md.
"""

from collections.abc import Sequence
from typing import ClassVar

from channels.messages import Address, Inbound


class ChannelError(Exception):
    code: ClassVar[str] = "channel_error"


class SignatureInvalid(ChannelError):
    """The call does not prove that it comes from the provider: answered 403, nothing is kept."""

    code = "signature_invalid"


class PayloadInvalid(ChannelError):
    """Proven to come from the provider, but not understood: put into quarantine and acknowledged."""

    code = "payload_invalid"


class PartlyInvalid(PayloadInvalid):
    """Of several messages in one call some were not understood: the others are taken, the call goes into quarantine."""

    code = "partly_invalid"

    def __init__(self, problem: str, understood: Sequence[Inbound]) -> None:
        super().__init__(problem)
        self.understood = understood


class FormInvalid(ChannelError):
    """A person filled in a form in a way that cannot be taken: answered 422 with what to mend.

    `problems` maps a field to the key of the text that explains it.
    """

    code = "form_invalid"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {key}" for name, key in problems.items()))
        self.problems = problems


class ChannelMisconfigured(ChannelError):
    """A setting of the channel is missing, unknown or wrong; the text names it.

    `rest_s`: how long a listener is left alone before it tries again (who tries a wrong password on and on is locked out).
    """

    code = "channel_misconfigured"

    def __init__(self, problem: str, rest_s: float = 0.0) -> None:
        super().__init__(problem)
        self.rest_s = rest_s


class NotSent(ChannelError):
    """Http: certainly nothing of the request reached the other side (refused, no name, TLS failure)."""

    code = "not_sent"


class AnswerLost(ChannelError):
    """Http: the request was written and no whole answer came back; whether it was carried out is unknown."""

    code = "answer_lost"


class AnswerTooLarge(ChannelError):
    """Http: the answer or file exceeds what the caller accepts."""

    code = "answer_too_large"


class AddressRefused(ChannelError):
    """Http: the address guard does not allow this host, port or scheme (SSRF)."""

    code = "address_refused"


class SendError(ChannelError):
    """A send that ended without a receipt. `reason` is a short stable word for the screens."""

    code = "send_error"
    retryable: ClassVar[bool] = False
    counts_as_attempt: ClassVar[bool] = True

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.parts: tuple[str, ...] = ()
        """The provider's names of the parts of a long SMS that it took before; the next attempt sends the others only."""


class TemporaryFailure(SendError):
    """Certainly not accepted; worth trying again later. `max_attempts` bounds it below the outbox's own limit.

    `alert`: it will not pass by itself, somebody must look.
    """

    code = "temporary_failure"
    retryable = True

    def __init__(self, reason: str, detail: str = "", max_attempts: int | None = None, *, alert: bool = False) -> None:
        super().__init__(reason, detail)
        self.max_attempts = max_attempts
        self.alert = alert


class ProviderBusy(SendError):
    """The provider asks us to slow down. Waiting is not failing: no attempt is used up."""

    code = "provider_busy"
    retryable = True
    counts_as_attempt = False

    def __init__(
        self,
        retry_after: float,
        whole_channel: bool = False,
        *,
        this_lane: bool = False,
        factor: float = 1.0,
        most: float = 0.0,
    ) -> None:
        """`retry_after` in seconds, as the provider stated it; `this_lane`: certainly only this recipient is meant.

        Where the provider states no time: so long at first, each time again `factor` times longer, at most `most` seconds.
        """
        super().__init__("provider_busy", f"asked to wait {retry_after:g} s")
        self.retry_after = retry_after
        self.whole_channel = whole_channel
        self.this_lane = this_lane
        self.factor = factor
        self.most = most


class AddressMoved(SendError):
    """The recipient has a new address; send again at once with it."""

    code = "address_moved"
    retryable = True
    counts_as_attempt = False

    def __init__(self, new_address: Address) -> None:
        super().__init__("moved")
        self.new_address = new_address


class UseTemplate(SendError):
    """Free texts are over for this recipient: send it again at once as a template, and only once."""

    code = "use_template"
    retryable = True
    counts_as_attempt = False

    def __init__(self, detail: str = "") -> None:
        super().__init__("window_closed", detail)


class OtherAddress(SendError):
    """Not by this address of theirs: send again at once to one of the scheme `scheme`, if they have one."""

    code = "other_address"
    retryable = True
    counts_as_attempt = False

    def __init__(self, scheme: str, detail: str = "") -> None:
        super().__init__("no_such_address", detail)
        self.scheme = scheme


class ChannelStopped(SendError):
    """The whole channel cannot send (credentials, configuration): rows stay queued, people are told."""

    code = "channel_stopped"
    retryable = True
    counts_as_attempt = False


class SendRefused(SendError):
    """Will never work as it is. `alert`: a fault of ours (template), somebody must look."""

    code = "send_refused"

    def __init__(self, reason: str, detail: str = "", alert: bool = False) -> None:
        super().__init__(reason, detail)
        self.alert = alert


class RecipientRefused(SendRefused):
    """The recipient cannot or does not want to be reached here (`blocked`, `deactivated`, `chat_not_found`)."""

    code = "recipient_refused"


class SendHeld(SendRefused):
    """Not now and not in this way (`window`, `quality`): a person is offered another moment or another channel."""

    code = "send_held"
    counts_as_attempt = False


class SendUnknown(SendError):
    """The request left and no usable answer came: not sent again by itself."""

    code = "send_unknown"


class FileGone(ChannelError):
    """The provider no longer has the attachment."""

    code = "file_gone"


def as_send_error(problem: ChannelError) -> SendError:
    """What a failed `Http.request` means for the message that was to be sent."""
    match problem:
        case SendError():
            return problem
        case NotSent():
            return TemporaryFailure("not_sent", str(problem))
        case AddressRefused():
            return ChannelStopped("configuration", str(problem))
        case _:
            return SendUnknown(problem.code, str(problem))
