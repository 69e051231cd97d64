"""A real mail server of the distribution on private ports: Exim takes and delivers mail, Dovecot opens the boxes.

Both run in a folder of their own, as nobody where the tests run as root, else as whoever runs them. Exim may listen only as
root: here it speaks on a socket (`-bs`, as from inetd), and the test's loop carries what passes between that and the port.
"""

import asyncio
import getpass
import grp
import imaplib
import os
import shutil
import smtplib
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.channels.carrying import carried, until_open
from tests.channels.mail_server import certificate
from tests.conftest import lacking
from tests.servers import free_port
from workers.simulators.sockets import listening

HOST = "localhost"
PASSWORD = "uji-sandi-kotak"
LIMIT_S = 30
EXIM = """
primary_hostname = mail.pemkab.example
domainlist here = pemkab.example : warga.example
spool_directory = {root}/spool
log_file_path = {root}/exim-%slog
exim_user = {user}
exim_group = {group}
untrusted_set_sender = *
local_from_check = false
acl_smtp_rcpt = taken
acl_smtp_data = taken
keep_environment =
tls_advertise_hosts = *
tls_certificate = {pem}
tls_privatekey = {pem}
deliver_drop_privilege
never_users =
begin acl
taken:
  accept
begin routers
box:
  driver = accept
  domains = +here
  local_parts = aduan : siti
  local_part_suffix = +*
  local_part_suffix_optional
  transport = box
begin transports
box:
  driver = appendfile
  directory = {root}/mail/$local_part_data
  maildir_format
  create_directory
  return_path_add
  envelope_to_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${{if def:tls_in_cipher}}
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{aduan}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
"""
DOVECOT = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{pem}
ssl_key = <{pem}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{root}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imap}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class MailServers:
    """`pem`: the certificate of both, made out to localhost."""

    root: Path
    pem: Path
    smtp: int
    imap: int

    def write(self, sender: str, to: str, mail: bytes) -> None:
        """Somebody out there sends a mail. Blocking."""
        with smtplib.SMTP(HOST, self.smtp, timeout=LIMIT_S) as server:
            server.sendmail(sender, [to], mail)

    def newest(self, name: str) -> bytes:
        """The last mail in somebody's box; empty while there is none. Blocking."""
        with imaplib.IMAP4_SSL(HOST, self.imap, ssl_context=ssl.create_default_context(cafile=self.pem)) as box:
            box.login(name, PASSWORD)
            _, told = box.select()
            count = int(told[0] or b"0")
            if not count:
                return b""
            _, answers = box.fetch(str(count), "(BODY[])")
        return next(one[1] for one in answers if isinstance(one, tuple))

    async def arrived(self, name: str, words: bytes) -> bytes:
        """The newest mail of a box once it holds these words."""
        async with asyncio.timeout(LIMIT_S):
            while words not in (mail := await asyncio.to_thread(self.newest, name)):  # noqa: ASYNC110 - another program
                await asyncio.sleep(0.1)
        return mail


@asynccontextmanager
async def mail_servers() -> AsyncIterator[MailServers]:
    exim, dovecot = _program("exim4", "exim4-daemon-light"), _program("dovecot", "dovecot-imapd")
    as_root = os.geteuid() == 0
    user, group = ("nobody", "nogroup") if as_root else (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name)
    who: dict[str, Any] = {"user": user, "group": group, "extra_groups": []} if as_root else {}
    with _folder() as root:
        imap = free_port()
        values = {
            "root": root,
            "pem": certificate(root),
            "user": user,
            "group": group,
            "password": PASSWORD,
            "imap": imap,
        }
        (root / "exim.conf").write_text(EXIM.format(**values))
        (root / "dovecot.conf").write_text(DOVECOT.format(**values))
        if as_root:
            for path in (root, *root.iterdir()):
                shutil.chown(path, user, group)
        command = [exim, "-C", str(root / "exim.conf"), "-bs", "-odi"]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _carried(command, who, reader, writer)

        process = await asyncio.create_subprocess_exec(dovecot, "-F", "-c", str(root / "dovecot.conf"), **who)
        try:
            async with listening(serve) as smtp:
                await until_open(imap, LIMIT_S)
                yield MailServers(root, root / "mail.pem", smtp, imap)
        finally:
            process.terminate()
            await process.wait()


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
    if found is None:
        lacking(f"{name} tidak ada: apt-get install exim4-daemon-light dovecot-imapd ({package})")
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    """Below /tmp itself: the folders that pytest makes are shut to others."""
    root = Path(tempfile.mkdtemp(prefix="surel-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


async def _carried(
    command: list[str], who: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, carried to a process of its own and back, until that ends."""
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(*command, stdin=theirs, stdout=theirs, **who)
    theirs.close()
    try:
        await carried(reader, writer, *await asyncio.open_connection(sock=ours))
    finally:
        await process.wait()
