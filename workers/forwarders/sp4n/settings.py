"""`[forwarding.<name>]` with kind sp4n: every key, its default and what must be there before anything is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from config.settings import Secret
from gateway.complaints.complaint import Status
from workers.forwarders.addresses import is_safe
from workers.forwarders.settings import ApiSettings

NO_WORDS: Mapping[str, str] = MappingProxyType({})
NO_IDS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sp4nSettings(ApiSettings):
    """Seconds end in `_s`. Raises ValueError when mode `api` lacks something or the address is not safe."""

    mode: Literal["api", "manual", "off"] = "manual"
    api_url: str = ""
    auth_style: Literal["A", "B", "B_raw"] = "B"
    authorization: Secret = field(default_factory=lambda: Secret(""))
    token: Secret = field(default_factory=lambda: Secret(""))
    user_id: int | None = None
    default_institution_id: int | None = None
    default_category_id: int | None = None
    channel_id: int | None = None
    default_location_id: int | None = None
    classification_ids: Mapping[str, int] = field(default_factory=lambda: NO_IDS)
    """Kind of report (`pengaduan`, `aspirasi`, …) -> their id."""
    statuses: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    """Their further words for a status -> ours (`received`, `in_progress`, …); they beat the shipped table."""
    create_path: str = "/complaints/complaint"
    search_path: str = ""
    attachments_suffix: Literal["", "."] = ""
    id_pattern: str = "^[0-9]{7}$"
    operator_agency: str = ""
    """Code of the agency whose team types in by hand; empty: the coordinator's."""
    answers_ask_reporter: bool = True
    """Their `resolved` before our agency answered asks the reporter instead of closing."""

    def __post_init__(self) -> None:
        try:
            re.compile(self.id_pattern)
        except re.error as problem:
            raise ValueError(f"id_pattern is no regular expression: {problem}") from problem
        unknown = sorted(set(self.statuses.values()) - set(Status))
        if unknown:
            raise ValueError(f"statuses names {unknown[0]!r}, which is none of {', '.join(Status)}")
        if self.mode == "api":
            self._check_api()

    def _check_api(self) -> None:
        needed: Mapping[str, object] = {
            "api_url": self.api_url,
            "authorization": self.authorization,
            "token": self.token,
            "default_institution_id": self.default_institution_id is not None,
            "default_category_id": self.default_category_id is not None,
        }
        missing = [name for name, given in needed.items() if not given]
        if missing:
            raise ValueError(f"mode api needs {', '.join(missing)}")
        if not is_safe(self.api_url):
            raise ValueError("api_url must be https (http only on this machine or a private network)")
