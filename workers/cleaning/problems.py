"""Why a file is not kept. The reason is stable: a word for screens and logs, never something of the file."""


class Refused(Exception):
    """`reason`: `unreadable`, `too_many_pixels`, `metadata`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
