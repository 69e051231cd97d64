"""`[forwarding.<name>]` with kind open311: every key, its default and what must be there before anything is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from config.settings import Secret
from workers.forwarders.addresses import is_safe
from workers.forwarders.settings import ApiSettings

NO_CODES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Open311Settings(ApiSettings):
    """Seconds end in `_s`. Raises ValueError when mode `api` lacks something or the address is not safe."""

    mode: Literal["api", "manual", "off"] = "manual"
    api_url: str = ""
    """Base without format: `https://311.example/open311/v2`."""
    format: Literal["json", "xml"] = "json"
    api_key: Secret = field(default_factory=lambda: Secret(""))
    jurisdiction_id: str = ""
    service_codes: Mapping[str, str] = field(default_factory=lambda: NO_CODES)
    """Topic here -> service code over there."""
    default_service_code: str = ""
    """For every other topic; empty = a person types those in."""
    id_pattern: str = r"^[^\s,]{1,64}$"

    def __post_init__(self) -> None:
        try:
            re.compile(self.id_pattern)
        except re.error as problem:
            raise ValueError(f"id_pattern is no regular expression: {problem}") from problem
        if self.mode == "api":
            self._check_api()

    def _check_api(self) -> None:
        missing = [name for name in ("api_url", "api_key") if not getattr(self, name)]
        if not (self.service_codes or self.default_service_code):
            missing.append("service_codes")
        if missing:
            raise ValueError(f"mode api needs {', '.join(missing)}")
        if not is_safe(self.api_url):
            raise ValueError("api_url must be https (http only on this machine or a private network)")
