"""`[forwarding.<name>]`: the keys of every system of record that is called, whatever its wire."""

from dataclasses import dataclass, field
from datetime import time

from config.settings import Window
from workers.forwarders.protocols import Timing


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How fast it may be asked, and how patiently it is tried again. Seconds end in `_s`."""

    requests_per_second: float = field(default=1.0, metadata={"min": 0.01, "max": 1000})
    max_in_flight: int = field(default=2, metadata={"min": 1, "max": 32})
    poll_every_s: float = field(default=0.0, metadata={"min": 0})
    poll_night: Window | None = field(default_factory=lambda: Window(time(0), time(5)))
    retry_first_s: float = field(default=900.0, metadata={"min": 0})
    retry_max_s: float = field(default=21600.0, metadata={"min": 0})
    probe_first_s: float = field(default=60.0, metadata={"min": 0})
    probe_max_s: float = field(default=600.0, metadata={"min": 0})
    search_after_s: float = field(default=60.0, metadata={"min": 0})
    search_again_s: float = field(default=900.0, metadata={"min": 0})
    send_identity: bool = False

    def timing(self) -> Timing:
        return Timing(
            self.retry_first_s,
            self.retry_max_s,
            self.probe_first_s,
            self.probe_max_s,
            self.search_after_s,
            self.search_again_s,
        )
