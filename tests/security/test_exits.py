"""Every way by which something of a report leaves, times normal, anonymous and confidential: one table (SECURITY C3, C5, C24, C35).

A row says by which reports' words are allowed there; the address and the name of a reporter, a number in a text and the traces
of a photograph are allowed nowhere. Both ways round: what may be read is there, so that nothing is searched in vain.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from channels.messages import Address, DeliveryStatus
from gateway.complaints.complaint import SYSTEM, Action, Role
from gateway.complaints.notices import NOTICES, Audience
from gateway.dashboard.menu import SCREENS
from gateway.forwarding import forwarding
from gateway.hooks import events, hooks, queue
from gateway.hooks.hooks import NewHook
from gateway.notices import notices, staff_texts, summaries
from gateway.officer_links import links
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome
from gateway.people import contacts
from gateway.record import tracking
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import apply, assigned
from tests.gateway.short_ways import member
from tests.security import canaries
from tests.web.conftest import OpenSite
from workers.cleaning.images import clean_image

KO, AK, KD, IN, DP, AS, OPP = (
    Role.COORDINATOR, Role.CHANNEL_ADMIN, Role.REGIONAL_HEAD, Role.INSPECTORATE, Role.PRIVACY_OFFICER, Role.SYSTEM_ADMIN,
    Role.PENGHUBUNG,
)  # fmt: skip
NORMAL, ANONYMOUS, CONFIDENTIAL = KINDS = ("normal", "anonymous", "confidential")
WORDS = {kind: f"kanari{kind}" for kind in KINDS}
ADDRESSES = {kind: f"72990001{place}7" for place, kind in enumerate(KINDS)}
NAMES = {kind: f"Kanari{kind.title()} Burunglaut" for kind in KINDS}
NEVER: Mapping[str, str] = {
    **{f"address of the {kind}": ADDRESSES[kind] for kind in KINDS},
    **{f"name of the {kind}": NAMES[kind] for kind in KINDS},
    "NIK": canaries.NIK,
    "somebody's phone": canaries.THIRD_PHONE,
    "plate": canaries.PLATE,
    "author of a photo": canaries.PHOTO_AUTHOR,
    "place of a photo": canaries.PHOTO_PLACE,
    "name of a file": canaries.PHOTO_FILE,
}
READER = {"Authorization": "Bearer reader-api-token-0123"}
PUBLIC = "[open311]\nenabled = true\npublish_media = true\n[government]\npublish_complaints = true"
ADDED = "Tambahan saya: lubangnya makin dalam"
LOUD = frozenset(key for key, rule in NOTICES.items() if set(rule.audiences) - {Audience.REPORTER})
ABOUT_NO_REPORT = frozenset({"chan.alert", "sup.digest", "mandate.expiring", "task.sp4n", "task.bridge"})


@dataclass
class Town:
    """Three reports that are alike but for how their reporters want to be treated, and what became of them."""

    desk: Desk
    numbers: dict[str, str] = field(default_factory=dict)
    photos: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    async def pages(self, role: Role, *paths: str, agency: str = "") -> bytes:
        """What somebody of this role gets at these addresses; `{n}` stands for each number, `{p}` for each photo."""
        await self.desk.become(role, agency)
        return await self.fetch(*paths)

    async def fetch(self, *paths: str, headers: Mapping[str, str] | None = None) -> bytes:
        found = b""
        for path in paths:
            for kind in KINDS if "{" in path else (NORMAL,):
                here = path.format(n=self.numbers[kind], p=self.photos[kind])
                answer = await self.desk.served.client.get(here, headers=headers)
                content = await answer.read()
                found += str(answer.headers).encode() + content
                # A picture says nothing by itself: that it was given is its word.
                if answer.headers.get("Content-Type", "").startswith("image/jpeg"):
                    found += WORDS[kind].encode()
        return found

    def row(self, tx: Any, kind: str) -> Any:
        return tx.one(select(tables.complaint).where(tables.complaint.c.number == self.numbers[kind]))


async def opened(desk: Desk) -> Town:
    """The three of them: written, signed, with a photograph, assigned, talked about."""
    town = Town(desk)
    with desk.served.tx() as tx:
        hooks.register(tx, NewHook("https://contoh.example/h", events.EVENTS, include_confidential=True), SYSTEM)
        tx.execute(tables.webhook.update().values(state="active", starts_at=tx.now - timedelta(days=1)))
    desk.served.moment.pass_(seconds=30)
    for kind in KINDS:
        signed = f" Saya {NAMES[kind]}." if kind == ANONYMOUS else ""
        text = (
            f"Jalan {WORDS[kind]} di Jl. Melati RT 4 berlubang dalam, mobil {canaries.PLATE} rusak.{signed}"
            f" NIK {canaries.NIK}, hubungi {canaries.THIRD_PHONE}."
        )
        with desk.served.tx() as tx:
            address = Address("tg", ADDRESSES[kind])
            contacts.ensure(tx, [address], {address: NAMES[kind]})
        number = town.numbers[kind] = assigned(desk, text, sender=ADDRESSES[kind])
        raised = {ANONYMOUS: Action.RAISE_ANONYMOUS, CONFIDENTIAL: Action.RAISE_CONFIDENTIAL}.get(kind)
        if raised:
            apply(desk, number, raised)
        apply(desk, number, Action.NOTE, note=f"Catatan {WORDS[kind]} dari lapangan")
        _photograph(town, kind)
        with desk.served.tx() as tx:
            row = town.row(tx, kind)
            town.codes[kind] = tracking.new_code(tx, row.id, number)
            public = {"verified_at": tx.now, "topic": "perhubungan", "place": "62.01.01.1011", "place_name": "Candi"}
            tx.execute(tables.complaint.update().where(tables.complaint.c.id == row.id).values(**public))
        desk.served.moment.pass_(minutes=1)
    return town


def _photograph(town: Town, kind: str) -> None:
    media_type, content = clean_image(canaries.photograph())
    with town.desk.served.tx() as tx:
        identity, name = tx.new_id(), f"aa/{kind}"
        tx.office.files.put(name, content)
        tx.insert(
            tables.attachment, id=identity, complaint_id=town.row(tx, kind).id, channel="tg", origin="reporter",
            state="stored", media_type=media_type, size=len(content), stored_as=name, sha256="0" * 64,
            created_at=tx.now, due_at=tx.now,
        )  # fmt: skip
        town.photos[kind] = id_text(identity)


Exit = Callable[[Town], Awaitable[bytes]]


def screens(role: Role, *paths: str, agency: str = "") -> Exit:
    return lambda town: town.pages(role, *paths, agency=agency)


def every_screen(role: Role) -> Exit:
    """Whatever this role may open that names no report in its address, the screens of tomorrow too."""
    doors = [one.path for one in SCREENS if one.method == "GET" and "{" not in one.path and role in (one.roles or ())]
    assert len(doors) >= 4
    return screens(role, *doors)


async def link_pages(town: Town) -> bytes:
    """The page behind an officer's link, and its picture."""
    found = b""
    for kind in KINDS:
        with town.desk.served.tx() as tx:
            officer = member(town.desk.served.gateway.store)
            address = links.issue_page(tx, town.row(tx, kind).id, officer.id)
        path = address.partition("/p/")[2]
        found += await town.fetch(f"/p/{path}")
        picture = await town.desk.served.client.get(f"/p/{path}/berkas/{town.photos[kind]}")
        assert (picture.status == 200) is (kind != ANONYMOUS), kind
    return found


async def told_staff(town: Town) -> bytes:
    """Every message that left for staff: notices as they come, then the summary of the morning."""
    site = town.desk.served
    for _ in range(26):
        site.moment.pass_(hours=1)
        _expand(town)
        summaries.tell(site.gateway.store)
    with site.tx() as tx:
        staff = [row.id for row in tx.all(select(tables.contact.c.id).where(tables.contact.c.staff.is_(True)))]
        people = contacts.by_id(tx, staff)
        rows = tx.all(select(tables.outbox).where(tables.outbox.c.contact_id.in_(staff)))
        texts = [people[row.contact_id].open(bytes(row.text_sealed), f"outbox:{row.id}") for row in rows]
        assert len(texts) > len(KINDS)
        assert {row.key for row in rows} >= {"pic.new", summaries.KEY}
        return "\n".join([*texts, *(str(row.buttons) for row in rows)]).encode()


def _expand(town: Town) -> None:
    with town.desk.served.tx() as tx:
        while due := notices.claim_due(tx):
            for row in due:
                notices.expand(tx, row)


async def every_notice(town: Town) -> bytes:
    """The text of every notice to staff, as every channel would carry it, with the reporter's words behind it."""
    found = []
    with town.desk.served.tx() as tx:
        officer = member(town.desk.served.gateway.store)
        for kind in KINDS:
            row, given = town.row(tx, kind), {"text": f"{ADDED} {WORDS[kind]}", "clock": "follow_up"}
            for key in sorted(LOUD - ABOUT_NO_REPORT):
                sending = [one for one in tx.office.channels.values() if one.sender is not None]
                found += [str(staff_texts.compose(tx, key, row, officer, channel, given)) for channel in sending]
    assert len(found) > 60
    return "\n".join(found).encode()


async def filed(town: Town) -> bytes:
    """What SP4N-LAPOR! is given."""
    found = []
    with town.desk.served.tx() as tx:
        for kind in KINDS:
            report = forwarding.report_of(tx, town.row(tx, kind).id, "sp4n")
            assert (report.anonymous, report.confidential) == (kind == ANONYMOUS, kind == CONFIDENTIAL)
            assert bool(report.attachments) is (kind != ANONYMOUS)
            found.append(" ".join((report.title, report.content, report.place, str(report))))
    return "\n".join(found).encode()


async def tracked(town: Town) -> bytes:
    """The page of whoever has number and code."""
    found, client = b"", town.desk.served.client
    for kind in KINDS:
        client.session.cookie_jar.clear()
        form = {"nomor": town.numbers[kind], "kode": town.codes[kind]}
        answer = await client.post("/lacak", data=form)
        found += await answer.read()
    return found


async def tracked_without_code(town: Town) -> bytes:
    town.desk.served.client.session.cookie_jar.clear()
    return await town.fetch("/lacak?nomor={n}", "/lacak/{n}")


async def api(town: Town) -> bytes:
    paths = ("", "?q=kanari", "/{n}", "/{n}/events", "/{n}/attachments/{p}")
    return await town.fetch(*(f"/api/v1/complaints{path}" for path in paths), headers=READER)


async def open311(town: Town) -> bytes:
    paths = ("requests.json", "requests.xml", "requests.json?extensions=true", "requests/{n}.json", "requests/{n}.xml")
    return await town.fetch(*(f"/open311/v2/{path}" for path in paths))


async def webhooks_out(town: Town) -> bytes:
    town.desk.served.moment.pass_(minutes=5)
    with town.desk.served.tx() as tx:
        parcels = queue.claim(tx, 100, {})
    bodies = [parcel.body for parcel in parcels]
    about = [body for body in bodies if town.numbers[CONFIDENTIAL].encode() in body]
    assert about, "it is told of the confidential one too"
    for body in about:
        data = re.search(rb'"data":(\{[^}]*\})', body)
        assert data
        assert set(re.findall(rb'"(\w+)":', data[1])) == {b"number", b"version"}
    assert not any(re.search(rb"(?i)reporter|contact|phone|address", body) for body in bodies)
    return b"\n".join(bodies)


async def exported(town: Town) -> bytes:
    await town.desk.become(KO)
    path = "/admin/aduan/ekspor?tab=semua"
    answer = await town.desk.press(path, path, reason="Laporan bulanan untuk rapat koordinasi")
    assert answer.status == 200, await answer.text()
    return await answer.read()


async def bridge_export(town: Town) -> bytes:
    """The work list for typing in by hand, as a file."""
    with town.desk.served.tx() as tx:
        tx.execute(tables.forward.update().values(state="manual"))
    await town.desk.become(KO)
    path = "/admin/sp4n/jembatan"
    answer = await town.desk.press(f"{path}/ekspor", path, tab="perlu_diinput", reason="Diinput bersama oleh admin")
    assert answer.status == 200, await answer.text()
    return await answer.read()


async def technical(town: Town) -> bytes:
    """What machines and strangers are told: metrics, health, pages of errors. A forged call leaves a line in the log."""
    town.desk.served.client.session.cookie_jar.clear()
    forged = f"{WORDS[NORMAL]} {canaries.NIK} {ADDRESSES[ANONYMOUS]}"
    assert (await town.desk.served.client.post("/c/tg", data=forged)).status == 403
    found = await town.fetch(
        "/metrics",
        "/healthz",
        "/readyz",
        "/lapor",
        "/privasi",
        "/masuk",
        "/tidak-ada/{n}",
        "/berkas/{p}",
        "/p/" + "k" * 43,
    )
    return found + await town.fetch(
        "/api/v1/complaints/{n}", "/api/v1/complaints?limit=x", "/open311/v2/requests/x.json"
    )


async def reporter_told(town: Town) -> bytes:
    """Their own messages: nobody's name, nobody else's words."""
    found = b""
    with town.desk.served.tx() as tx:
        while parcels := outbound.claim(tx, 50, 60.0):
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT, "p:1") for one in parcels])
            for one in parcels:
                if one.message.address.path in ADDRESSES.values():
                    found += one.message.text.encode()
    return found


# fmt: off
EXITS: Mapping[str, tuple[Exit, tuple[str, ...] | None]] = {
    # None: those may read all of them, and which ones stand there depends on the screen
    # exit                                     by whom, where                                                whose words
    "page of a complaint, coordinator":     (screens(KO, "/admin/aduan/{n}"),                                   KINDS),
    "page of a complaint, own agency":      (screens(OPP, "/admin/aduan/{n}", agency="PUPR"),                   KINDS),
    "page of a complaint, other agency":    (screens(OPP, "/admin/aduan/{n}", agency="DLH"),                    ()),
    "page of a complaint, channel admin":   (screens(AK, "/admin/aduan/{n}"),                                   (NORMAL, ANONYMOUS)),
    "page of a complaint, regional head":   (screens(KD, "/admin/aduan/{n}"),                                   (NORMAL, ANONYMOUS)),
    "page of a complaint, inspectorate":    (screens(IN, "/admin/aduan/{n}"),                                   ()),
    "page of a complaint, privacy officer": (screens(DP, "/admin/aduan/{n}"),                                   KINDS),
    "list, coordinator":                    (screens(KO, "/admin/aduan?tab=semua"),                             KINDS),
    "list, channel admin":                  (screens(AK, "/admin/aduan?tab=semua"),                             (NORMAL, ANONYMOUS)),
    "search, channel admin":                (screens(AK, "/admin/aduan?tab=semua&q=berlubang"),                 (NORMAL, ANONYMOUS)),
    "search, other agency":                 (screens(OPP, "/admin/aduan?tab=semua&q=berlubang", agency="DLH"),  ()),
    "export":                               (exported,                                                          (NORMAL, ANONYMOUS)),
    "bridge of channel admin":              (screens(AK, "/admin/sp4n/jembatan", "/admin/tugas"),               ()),
    "bridge as a file":                     (bridge_export,                                                     (NORMAL, ANONYMOUS)),
    "photos, coordinator":                  (screens(KO, "/berkas/{p}"),                                        KINDS),
    "photos, own agency":                   (screens(OPP, "/berkas/{p}", agency="PUPR"),                        (NORMAL, CONFIDENTIAL)),
    "photos, other agency":                 (screens(OPP, "/berkas/{p}", agency="DLH"),                         ()),
    "page behind a link":                   (link_pages,                                                        KINDS),
    "notices to staff":                     (every_notice,                                                      (NORMAL, ANONYMOUS)),
    "messages to staff and summaries":      (told_staff,                                                        (NORMAL, ANONYMOUS)),
    "messages to reporters":                (reporter_told,                                                     ()),
    "SP4N-LAPOR!":                          (filed,                                                             KINDS),
    "tracking page":                        (tracked,                                                           (NORMAL, ANONYMOUS)),
    "tracking page without a code":         (tracked_without_code,                                              ()),
    "API":                                  (api,                                                               (NORMAL, ANONYMOUS)),
    "Open311":                              (open311,                                                           (NORMAL, ANONYMOUS)),
    "webhooks":                             (webhooks_out,                                                      ()),
    "audit":                                (screens(DP, "/admin/audit"),                                       ()),
    "register and privacy":                 (screens(DP, "/admin/identitas", "/admin/privasi"),                 ()),
    "incidents":                            (screens(KO, "/admin/insiden"),                                     ()),
    "units":                                (screens(KO, "/admin/opd", "/admin/opd/PUPR"),                      ()),
    "every screen, system admin":           (every_screen(AS),                                                  ()),
    "every screen, inspectorate":           (every_screen(IN),                                                  ()),
    "every screen, regional head":          (every_screen(KD),                                                  (NORMAL, ANONYMOUS)),
    "every screen, privacy officer":        (every_screen(DP),                                                  None),
    "every screen, coordinator":            (every_screen(KO),                                                  None),
    "metrics, health, errors":              (technical,                                                         ()),
}
# fmt: on


async def test_c3_c5_c24_c35_no_exit_tells_more_than_the_table_says(
    open_site: OpenSite, capsys: pytest.CaptureFixture[str]
) -> None:
    served = await open_site(PUBLIC, screens=SCREENS)
    await served.sign_in()
    town = await opened(Desk(served))
    wrong: dict[str, list[str]] = {}
    for name, (leave, whose) in EXITS.items():
        content = await leave(town)
        told = [kind for kind in KINDS if WORDS[kind].encode() in content]
        is_other = whose is not None and told != list(whose)
        problems = [f"words of {told}, not of {whose}"] if is_other else []
        problems += [str(found) for found in canaries.search(name, content, NEVER)]
        if problems:
            wrong[name] = problems
    logged = "".join(capsys.readouterr()).encode()
    assert b"call_forged" in logged
    everything = {**NEVER, **{f"words of the {kind}": WORDS[kind] for kind in KINDS}}
    wrong["log"] = [str(found) for found in canaries.search("log", logged, everything)]
    assert {name: found for name, found in wrong.items() if found} == {}
    with served.tx() as tx:
        assert tx.one(select(func.count()).select_from(tables.complaint))[0] == len(KINDS)
