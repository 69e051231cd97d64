"""BERHENTI and MULAI: the words by which somebody leaves and comes back. Source: docs/channels/README.md § 5.

A whole message or nothing: a sentence with "berhenti" in it is an ordinary message.
"""

from gateway.conversation.wording import plain, whole

OPT_OUT = frozenset({"stop", "berhenti", "stop all", "unreg", "batal langganan"})
OPT_IN = frozenset({"mulai", "start", "aktif"})
# Telegram sends /start when somebody opens the conversation: a call for help, no consent.
NO_CONSENT = "/start"


def read_opt(text: str) -> bool | None:
    """True: opts out; False: opts in; None: neither."""
    phrase = whole(text)
    if phrase in OPT_OUT:
        return True
    if phrase in OPT_IN and plain(text).casefold() != NO_CONSENT:
        return False
    return None
