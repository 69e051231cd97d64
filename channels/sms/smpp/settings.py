"""Keys of an SMPP channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from config.settings import Secret

LONGEST_SYSTEM_ID, LONGEST_PASSWORD, LONGEST_SYSTEM_TYPE = 15, 8, 12
VENDOR_CODES = range(0x400, 0x500)
ITS_SESSION_INFO = 0x1383
VENDOR_TAGS = range(0x1400, 0x4000)
Meaning = Literal["temporary", "permanent", "busy", "stopped"]
NOTHING: Mapping[str, Meaning] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SmppSettings:
    number: str
    """The number that citizens write to, and that our messages come from."""
    host: str
    """Of the operator's SMSC, usually inside a VPN."""
    system_id: str
    password: Secret
    port: int = field(default=2775, metadata={"min": 1, "max": 65535})
    tls: bool = False
    tls_ca: str = ""
    """File with the certificate that the operator's one is signed by; empty = those that the machine trusts."""
    system_type: str = ""
    bind: Literal["transceiver", "two"] = "transceiver"
    """`two`: a receiver and a transmitter, for operators without transceivers."""
    source_ton: int | None = field(default=None, metadata={"min": 0, "max": 6})
    """Type of our number; None = 3 for a short code, 1 with a country code, 5 for a name."""
    source_npi: int | None = field(default=None, metadata={"min": 0, "max": 18})
    """Its plan; None = 1 with a country code, otherwise 0."""
    window: int = field(default=10, metadata={"min": 1, "max": 200})
    """Parts that may wait for the operator's answer at the same time."""
    parts_per_second: float = field(default=10.0, metadata={"min": 0.1, "max": 1000})
    """What the contract with the operator allows; each part of a long SMS counts."""
    long_mode: Literal["udh8", "udh16", "sar", "payload"] = "udh8"
    """How long texts leave: parts with a header, parts with SAR parameters, or whole in one parameter."""
    smsc_default_alphabet: Literal["gsm0338", "latin1", "ascii"] = "gsm0338"
    """What the operator means by coding 0."""
    dcs8_charset: str = ""
    """How 8-bit messages are read (latin-1); empty = they go to quarantine."""
    validity: str = "000002000000000R"
    """How long the operator tries, as SMPP writes it (two days); empty = the operator's own."""
    receipt_id: Literal["auto", "same", "hex", "decimal"] = "auto"
    """How receipts spell the number that the answer gave: alike, or in the base that is named; auto tries both."""
    max_segments: int = field(default=10, metadata={"min": 1, "max": 20})
    mo_repeat_window_s: int = field(default=300, metadata={"min": 0, "max": 86_400})
    """So long after a lost connection a message that we have already is taken for the operator's repeat."""
    message_reference: bool = True
    """Each message that is one part carries a number of ours, which receipts repeat: it settles what is in doubt."""
    ussd_code: str = ""
    """What citizens dial where USSD comes over this bind (*708#); empty = steps of USSD are kept and not answered."""
    ussd_session_tag: int = ITS_SESSION_INFO
    """The parameter that names a session: 0x1383 (its_session_info), or the operator's own, 0x1400 to 0x3FFF."""
    ussd_page_septets: int = field(default=180, metadata={"min": 80, "max": 182})
    code_map: Mapping[str, Meaning] = field(default_factory=lambda: NOTHING)
    """What the operator's own refusals mean: `"0x401" = "permanent"`; the others are tried again."""

    def __post_init__(self) -> None:
        limits = (
            ("system_id", self.system_id, LONGEST_SYSTEM_ID),
            ("password", self.password.reveal(), LONGEST_PASSWORD),
            ("system_type", self.system_type, LONGEST_SYSTEM_TYPE),
        )
        for key, value, longest in limits:
            if len(value) > longest or not value.isascii():
                raise ValueError(f"{key}: SMPP takes at most {longest} characters of ASCII")
        if not (self.host and self.system_id and self.number):
            raise ValueError("number, host and system_id must be there")
        if self.ussd_session_tag != ITS_SESSION_INFO and self.ussd_session_tag not in VENDOR_TAGS:
            raise ValueError("ussd_session_tag is 0x1383, or the operator's own parameter from 0x1400 to 0x3FFF")
        if self.dcs8_charset:
            try:
                "".encode(self.dcs8_charset)
            except LookupError:
                raise ValueError(f"dcs8_charset: unknown charset {self.dcs8_charset!r}") from None
        self.vendor_codes()

    def vendor_codes(self) -> Mapping[int, Meaning]:
        """`code_map` by number. ValueError for what is no code of an operator."""
        try:
            codes = {int(code, 0): meaning for code, meaning in self.code_map.items()}
        except ValueError:
            raise ValueError('code_map: codes are written "0x401"') from None
        if strange := [code for code in codes if code not in VENDOR_CODES]:
            raise ValueError(f"code_map: 0x{strange[0]:X} is no code of an operator (0x400 to 0x4FF)")
        return codes
