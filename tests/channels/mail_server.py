"""A real mail server in the test's own process and loop (aiosmtpd) that fails at a stage as a test says."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOST = "lost"
"""In place of a reply: the connection is cut without one."""
USER, PASSWORD = "satupintu", "uji-sandi-surat"
TOKEN = "uji-token-oauth"


def words_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail (`plain`), or its page (`html`)."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class ServerProtocol(SMTP):
    """aiosmtpd with words of its own for greeting, EHLO, MAIL, RCPT, DATA and the end of the mail."""

    def __init__(self, handler: "MailServer", **more: Any) -> None:
        super().__init__(handler, hostname="mail.example.test", ident="uji", **more)
        self.said = handler.replies

    async def push(self, status: str | bytes) -> None:
        if isinstance(status, str) and status.startswith("220 mail.example.test") and "connect" in self.said:
            status = self.said["connect"]
        if status == LOST:
            self.transport.abort()
            return
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        if "EHLO" in self.said:
            await self.push(self.said["EHLO"])
        else:
            await super().smtp_EHLO(hostname)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if "DATA" in self.said:
            await self.push(self.said["DATA"])
        else:
            await super().smtp_DATA(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if "STARTTLS" in self.said:
            await self.push(self.said["STARTTLS"])
        else:
            await super().smtp_STARTTLS(arg)


@dataclass
class MailServer:
    """`replies` by stage: connect, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA and `.`; what is not named goes well."""

    replies: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: N802
        self.greeted.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 2.1.0 Ok")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 2.1.5 Ok")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.raw.append(envelope.content)
        self.taken.append(cast("EmailMessage", message_from_bytes(envelope.content, policy=default)))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return self.replies.get(".", "250 2.0.0 Ok: queued as 4XYZ")

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd finds it by name
        self.logins.append("XOAUTH2")
        said = b64decode(args[1]).decode()
        if said == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01":
            return AuthResult(success=True, auth_data=USER)
        await server.challenge_auth('{"status":"401"}')  # why not; then it waits for an empty line
        return AuthResult(success=False, handled=False)

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append(mechanism)
        if reply := self.replies.get("AUTH"):
            return AuthResult(success=False, handled=False, message=reply)
        return AuthResult(success=data == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)


@asynccontextmanager
async def serving(
    replies: Mapping[str, str] | None = None, *, tls: ssl.SSLContext | None = None, implicit: bool = False
) -> AsyncIterator[MailServer]:
    """On a free port of loopback. With `tls` it offers STARTTLS, or speaks TLS from the start (`implicit`), and logs in."""
    server, protocols = MailServer(replies or {}), []
    secured: dict[str, Any] = {"auth_require_tls": not implicit} if tls else {"auth_require_tls": False}
    if tls and not implicit:
        secured |= {"tls_context": tls, "require_starttls": False}

    def protocol() -> ServerProtocol:
        server.connections += 1
        made = ServerProtocol(server, authenticator=server.authenticate, **secured)
        protocols.append(made)
        return made

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for each in protocols:
            if each.transport is not None:
                each.transport.abort()
            if (task := each._handler_coroutine) is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await listening.wait_closed()


def certificate(folder: Path) -> Path:
    """A key and a self-signed certificate for localhost and 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=20_000))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_tls(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
