"""One spelling of an e-mail address, and one rule of what is none, whatever door a report comes through.

Source: docs/channels/web_form.md § Fields.
"""

import re

from channels.messages import Address

LONGEST = 254
MAILBOX = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")


def mail_address(text: str) -> Address | None:
    """None for what no mail of ours could go to."""
    return Address("mailto", text.lower()) if len(text) <= LONGEST and MAILBOX.fullmatch(text) else None
