"""Role by role, door by door, complaint by complaint: what opens, what shows words, and what does not exist (SECURITY § 10).

The doors come from the route tables themselves: one that is named nowhere here fails.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from gateway.complaints.complaint import Role
from gateway.dashboard.menu import SCREENS
from gateway.storage import tables
from gateway.storage.types import id_text
from gateway.web.app import routes
from gateway.web.routes import Route
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import assigned
from tests.dashboard.test_roles import OP, STAFF

AK, KO, IN, KD = Role.CHANNEL_ADMIN, Role.COORDINATOR, Role.INSPECTORATE, Role.REGIONAL_HEAD
EV, AS, DP = Role.EVALUATOR, Role.SYSTEM_ADMIN, Role.PRIVACY_OFFICER
OPA, OPP, OPD, OPK = Role.ANGGOTA, Role.PENGHUBUNG, Role.DEPUTI, Role.KEPALA
OWN, OTHER = "PUPR", "DLH"
WORDS, NUMBER, NOTHING = "words", "number", "nothing"
NAME, ADDRESS = "Kanariana Pelapor", "7299000999"

# What somebody may come in by without signing in, and what proves them there instead.
OPEN: Mapping[str, str] = {
    "/c/": "the channel's own proof",
    "/api/v1/": "a token of the settings",
    "/open311/": "what everybody may read; a key to write",
    "/p/": "the officer's secret address",
    "/lapor": "a citizen's form",
    "/lacak": "number and code",
    "/terima/": "the nonce of one form",
    "/berhenti/": "the link that we wrote to this address; it only stops mail",
    "/masuk": "name, password, second factor",
    "/healthz": "nothing is told",
    "/readyz": "states only",
    "/metrics": "the networks of the settings",
    "/privasi": "read by everybody",
    "/favicon.ico": "read by everybody",
    "/.well-known/": "read by everybody",
}

# fmt: off
SEES: Mapping[str, Mapping[Role, str]] = {
    # complaint        who sees how much; everybody else: nothing
    "own":          {AK: WORDS,  KO: WORDS,  KD: WORDS,  DP: WORDS, OPA: WORDS, OPP: WORDS, OPD: WORDS, OPK: WORDS},
    "anonymous":    {AK: WORDS,  KO: WORDS,  KD: WORDS,  DP: WORDS, OPA: WORDS, OPP: WORDS, OPD: WORDS, OPK: WORDS},
    "other":        {AK: WORDS,  KO: WORDS,  KD: WORDS,  DP: WORDS},
    "confidential": {AK: NUMBER, KO: WORDS,  KD: NUMBER, DP: WORDS,             OPP: WORDS, OPD: WORDS, OPK: WORDS},
    "sensitive":    {AK: NUMBER, KO: WORDS,  KD: NUMBER, DP: WORDS,             OPP: WORDS, OPD: WORDS, OPK: WORDS},
    "about_us":     {AK: NUMBER, KO: NUMBER, KD: NUMBER, DP: WORDS, IN: WORDS},
    "conflict":     {AK: NUMBER, KO: NUMBER, KD: NUMBER, DP: WORDS, IN: WORDS},
}
MADE = {
    # complaint       agency         what makes it so
    "own":          (OWN,           {}),
    "anonymous":    (OWN,           {"anonymous": True}),
    "other":        (OTHER,         {}),
    "confidential": (OWN,           {"confidential": True}),
    "sensitive":    (OWN,           {"sensitive": "anak"}),
    "about_us":     ("INSPEKTORAT", {"kind": "pengaduan_pengawasan", "confidential": True}),
    "conflict":     (OWN,           {"flags": "konflik_kepentingan"}),
}
# fmt: on


@dataclass
class House:
    """Seven complaints, each with a word that stands nowhere else, and a picture of its reporter's."""

    desk: Desk
    numbers: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str:
        return f"kanari{name.replace('_', '')}"

    def events(self) -> int:
        with self.desk.served.tx() as tx:
            row = tx.one(select(func.count()).select_from(tables.complaint_event))
            return int(row[0]) if row else 0


@pytest.fixture
def house(desk: Desk) -> House:
    made = House(desk)
    for position, (name, (agency, values)) in enumerate(MADE.items()):
        text = f"Jalan di RT {position + 1} rusak {made.word(name)} berat sekali."
        number = made.numbers[name] = assigned(desk, text, agency, sender=f"{ADDRESS}{position}")
        with desk.served.tx() as tx:
            complaint = tables.complaint
            tx.execute(complaint.update().where(complaint.c.number == number).values(**{"anonymous": False, **values}))
            row = tx.one(select(complaint.c.id).where(complaint.c.number == number))
            assert row is not None
            identity = tx.new_id()
            path = f"{name}.jpg"
            tx.insert(
                tables.attachment, id=identity, complaint_id=row.id, channel="tg", origin="reporter", state="stored",
                media_type="image/jpeg", size=3, stored_as=path, sha256="0" * 64, created_at=tx.now, due_at=tx.now,
            )  # fmt: skip
            made.files[name] = id_text(identity)
    return made


def every_door() -> list[Route]:
    return [*routes(), *SCREENS]


def test_c7_a_door_without_roles_is_one_that_we_know_of() -> None:
    doors = every_door()
    assert len(doors) > 60
    strangers = [
        route.path
        for route in doors
        if route.roles is None and route.path != "/" and not any(route.path.startswith(path) for path in OPEN)
    ]
    assert strangers == []
    unused = [path for path in OPEN if not any(route.path.startswith(path) for route in doors)]
    assert unused == []


def test_c7_whoever_may_not_sign_in_has_no_door() -> None:
    for route in every_door():
        assert not {Role.REPORTER, Role.SYSTEM, Role.SP4N} & (route.roles or frozenset()), route.path


def test_c7_the_table_names_every_role() -> None:
    assert {role for row in SEES.values() for role in row} | {EV, AS} == set(STAFF)


Wrong = list[tuple[object, ...]]


async def pages(house: House, role: Role) -> Wrong:
    """The page of each complaint shows what the table says, and to nobody the address of its reporter."""
    wrong: Wrong = []
    for name, number in house.numbers.items():
        answer = await house.desk.served.client.get(f"/admin/aduan/{number}")
        page = await answer.text()
        seen = NOTHING if answer.status == 404 else WORDS if house.word(name) in page else NUMBER
        wrong += [("page", name, seen)] if seen != SEES[name].get(role, NOTHING) else []
        wrong += [("page", name, "address")] if ADDRESS in page else []
    return wrong


async def forms(house: House, role: Role) -> Wrong:
    """No form of a complaint acts, or answers with its words, for somebody who may not read it."""
    wrong: Wrong = []
    doors = [route.path for route in SCREENS if route.method == "POST" and "{tiket}" in route.path]
    assert len(doors) >= 3
    fields = {"_csrf": await house.desk.served.token_of("/admin/beranda"), "text": "Catatan", "key": "k1"}
    fields["reason"] = "Ingin tahu isinya saja, tanpa alasan lain."
    for name in (name for name in house.numbers if SEES[name].get(role, NOTHING) != WORDS):
        for door in doors:
            path = door.replace("{tiket}", house.numbers[name]).replace("{aksi}", "note")
            answer = await house.desk.served.client.post(path, data=fields, allow_redirects=False)
            # Taking back nothing leads to the complaint again; that nothing was done is looked at in the end.
            wrong += [("form", name, door, answer.status)] if answer.status == 200 else []
            wrong += [("form", name, door, "words")] if house.word(name) in await answer.text() else []
    return wrong


async def lists(house: House, role: Role) -> Wrong:
    """Lists, figures and searches show no more than the page does."""
    wrong: Wrong = []
    everything = "/admin/aduan?tab=semua"
    for path in ("/admin/beranda", everything, f"{everything}&q=kanari", "/admin/aduan/ditahan", "/admin/tugas"):
        page = await (await house.desk.served.client.get(path)).text()
        for name, number in house.numbers.items():
            sees = SEES[name].get(role, NOTHING)
            wrong += [(path, name, "words")] if sees != WORDS and house.word(name) in page else []
            wrong += [(path, name, "number")] if sees == NOTHING and number in page else []
            if path == everything and sees != NOTHING:
                wrong += [(path, name, "missing")] if number not in page else []
        wrong += [(path, "address")] if ADDRESS in page else []
    return wrong


async def files(house: House, role: Role) -> Wrong:
    """A picture that may not be seen does not exist (404); another one is known, though it lies on no disk here (410)."""
    wrong: Wrong = []
    for name, identity in house.files.items():
        answer = await house.desk.served.client.get(f"/berkas/{identity}")
        betrays = role in OP and name in {"anonymous", "sensitive"}
        may = SEES[name].get(role, NOTHING) == WORDS and not betrays
        wrong += (
            [("file", name, answer.status)]
            if answer.status != (410 if may else 403 if role in (EV, AS) else 404)
            else []
        )
    return wrong


async def test_c7_c35_every_role_gets_of_every_kind_of_complaint_what_the_table_says(house: House) -> None:
    before, wrong = house.events(), []
    for role in STAFF:
        await house.desk.become(role, OWN if role in OP else "")
        for looked_at in (pages, forms, lists, files):
            wrong += [(role.value, *found) for found in await looked_at(house, role)]
    assert wrong == []
    assert house.events() == before


async def test_c7_a_program_reads_with_its_token_only_and_nothing_confidential(house: House) -> None:
    client = house.desk.served.client
    client.session.cookie_jar.clear()
    doors = [route.path for route in routes() if route.path.startswith("/api/v1/complaints") and route.method == "GET"]
    reader = {"Authorization": "Bearer reader-api-token-0123"}
    for path in doors:
        address = path.replace("{number}", house.numbers["own"]).replace("{id}", house.files["own"])
        assert (await client.get(address)).status == 401, address
    for name, number in house.numbers.items():
        for path in doors:
            address = path.replace("{number}", number).replace("{id}", house.files[name])
            page = await (await client.get(address, headers=reader)).text()
            if name in {"confidential", "about_us"}:
                assert house.word(name) not in page, (name, address)
            assert ADDRESS not in page
        acting = f"/api/v1/complaints/{number}/notes"
        refused = await client.post(acting, json={"text": "x"}, headers={**reader, "Idempotency-Key": f"k-{number}"})
        assert refused.status == 403


async def test_c3_no_screen_answer_or_file_names_an_anonymous_reporter(house: House) -> None:
    """Also not by a count of what else they wrote, nor by which way their answers go."""
    desk, number = house.desk, house.numbers["anonymous"]
    with desk.served.tx() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.number == number))
        assert row is not None
        digest = tx.one(select(tables.contact.c.address_hash).where(tables.contact.c.id == row.contact_id))
    for role in (KO, OPP):
        await desk.become(role, OWN if role in OP else "")
        page = await desk.page(f"/admin/aduan/{number}")
        assert house.word("anonymous") in page
        for canary in (ADDRESS, id_text(row.contact_id), str(row.contact_id), digest.address_hash):  # type: ignore[union-attr]
            assert canary not in page, role
        assert not re.search(r"(?i)laporan lain dari pelapor", page)
