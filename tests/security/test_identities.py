"""Break-glass: who may ask, who else has to agree, how long it stands open, who hears of it, and that nothing else opens."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from channels.messages import Address
from gateway.complaints.complaint import ActionRefused, Actor, Case, Role
from gateway.complaints.identity import SECOND, Asker, Purpose
from gateway.intake.arrival import Arrival
from gateway.people import contacts
from gateway.queries import identities as register
from gateway.queries.scope import scope_of
from gateway.record import tasks
from gateway.retention import identities
from gateway.retention.identities import Demand, Opened
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_number, id_text
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import assigned
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import opened as opened_case
from tests.gateway.short_ways import rows, spoken

KO, IN, DP = Role.COORDINATOR, Role.INSPECTORATE, Role.PRIVACY_OFFICER
REASON = "Nyawa seseorang terancam menurut isi laporannya."
NAME, CHAT = "Kanariani Burunglaut", "7299000417"
Sends = Callable[..., Arrival]


@dataclass
class Vault:
    """One report, and deeds of the register done by roles."""

    store: Store
    case: Case

    def ask(self, role: Role = KO, **more: Any) -> int:
        given = {"number": self.case.number, "purpose": "danger", "asker": "office", "reason": REASON, **more}
        with self.store.transaction() as tx:
            shown = identities.ask(tx, self._scope(role), Demand(**given), self._actor(role))
        identity = id_number(shown)
        assert identity is not None
        return identity

    def do(self, deed: Callable[..., Any], identity: int, role: Role, *given: Any, **named: Any) -> Any:
        with self.store.transaction() as tx:
            return deed(tx, self._scope(role), identity, self._actor(role), *given, **named)

    def grant(self, identity: int, role: Role = DP) -> None:
        self.do(identities.decide, identity, role, grant=True, reason="Kebutuhannya jelas")

    def row(self) -> Any:
        return rows(self.store, tables.identity_demand)[-1]

    def seen_by(self, role: Role) -> tuple[Any, Actor]:
        return self._scope(role), self._actor(role)

    def change(self, **values: Any) -> None:
        complaint = tables.complaint
        with self.store.transaction() as tx:
            tx.execute(complaint.update().where(complaint.c.id == self.case.id).values(**values))

    def _scope(self, role: Role) -> Any:
        return scope_of(self.store.office, role, "", str(self._person(role)))

    def _actor(self, role: Role) -> Actor:
        return Actor(role, str(self._person(role)), name=role.value)

    def _person(self, role: Role) -> int:
        return 1000 + list(Role).index(role)


@pytest.fixture
def vault(store: Store, telegram: Sends) -> Vault:
    case = opened_case(store, telegram("Jalan rusak berat di depan pasar", sender=CHAT))
    with store.transaction() as tx:
        (person,) = contacts.ensure(tx, [Address("tg", CHAT)]).values()
        contacts.set_name(tx, person, NAME)
    return Vault(store, case)


def test_c9_two_persons_open_an_identity_for_fifteen_minutes(vault: Vault, moment: Moment) -> None:
    demand = vault.ask()
    with pytest.raises(ActionRefused, match="wrong_state"):
        vault.do(identities.look, demand, KO)
    vault.grant(demand)
    moment.pass_(hours=2)
    assert vault.do(identities.look, demand, KO) == Opened(NAME, "tg", CHAT)
    moment.pass_(minutes=14, seconds=59)
    assert vault.do(identities.look, demand, KO).address == CHAT
    moment.pass_(seconds=1)
    with pytest.raises(ActionRefused, match="expired"):
        vault.do(identities.look, demand, KO)


def test_c9_an_agreement_that_nobody_used_lapses_after_a_day(vault: Vault, moment: Moment) -> None:
    demand = vault.ask()
    vault.grant(demand)
    moment.pass_(hours=24)
    with pytest.raises(ActionRefused, match="expired"):
        vault.do(identities.look, demand, KO)


def test_c9_whoever_stands_in_the_team_twice_hears_of_it_once(vault: Vault, store: Store) -> None:
    team, outbox = tables.agency_member, tables.outbox
    mine = rows(store, team, team.c.person == "Contoh Koordinator")[0]
    with store.transaction() as tx:
        tx.insert(team, **{**mine._asdict(), "id": tx.new_id(), "person": "Koordinator Contoh, pengganti"})
    demand = vault.ask()
    vault.grant(demand)
    vault.do(identities.look, demand, KO)
    told = [row.contact_id for row in rows(store, outbox, outbox.c.key == identities.TO_COORDINATOR)]
    assert sorted(told) == sorted(set(told)) != []


@pytest.mark.parametrize("role", list(Role))
def test_c9_only_three_roles_may_ask_and_never_one_alone(vault: Vault, role: Role) -> None:
    """KO and DP read this report; the inspectorate has its own; everybody else, the agency above all, has no way in."""
    if role not in (KO, DP):
        with pytest.raises(ActionRefused, match="not_yours"):
            vault.ask(role)
        return
    demand = vault.ask(role, purpose="reporter")
    for deed in (lambda: vault.grant(demand, role), lambda: vault.do(identities.decide_alone, demand, role)):
        with pytest.raises(ActionRefused, match="wrong_role"):
            deed()
    for other in set(Role) - {KO, DP}:
        for look_in in (
            lambda who=other: vault.grant(demand, who),
            lambda who=other: vault.do(identities.look, demand, who),
        ):
            with pytest.raises(ActionRefused, match="not_yours"):
                look_in()
    (second,) = SECOND[role] - {IN}
    vault.grant(demand, second)
    with pytest.raises(ActionRefused, match="wrong_role"):
        vault.do(identities.look, demand, second)
    assert vault.do(identities.look, demand, role).name == NAME


def test_c9_what_is_about_our_own_people_is_opened_by_inspectorate_and_privacy_officer(vault: Vault) -> None:
    vault.change(kind="pengaduan_pengawasan", agency="")
    with pytest.raises(ActionRefused, match="not_yours"):
        vault.ask(KO)
    demand = vault.ask(IN)
    with pytest.raises(ActionRefused, match="not_yours"):
        vault.grant(demand, KO)
    vault.grant(demand, DP)
    assert vault.do(identities.look, demand, IN).name == NAME


def test_c9_who_routes_a_complaint_learns_nothing_of_the_demands_about_it(vault: Vault, store: Store) -> None:
    vault.change(kind="pengaduan_pengawasan", agency="")
    demand = vault.ask(IN)
    for role, many in ((KO, 0), (DP, 1)):
        scope, actor = vault.seen_by(role)
        with store.reading() as tx:
            seen = len(register.listed(tx, scope)), register.waiting(tx, scope, actor)
            page = register.one(tx, scope, id_text(demand), role)
        assert (*seen, page is not None) == (many, many, many == 1), role


def test_c9_danger_waits_for_nobody_and_is_looked_at_afterwards(vault: Vault, store: Store) -> None:
    demand = vault.ask()
    vault.do(identities.decide_alone, demand, KO)
    row = vault.row()
    assert (row.alone, row.review_due_at.isoformat()) == (True, "2026-11-24T16:59:59+00:00")
    assert vault.do(identities.look, demand, KO).name == NAME
    with pytest.raises(ActionRefused, match="wrong_role"):
        vault.do(identities.review, demand, KO, "Saya sendiri setuju")
    with store.reading() as tx:
        assert tasks.waiting(tx, identities.REVIEW_TASK) == 1
    vault.do(identities.review, demand, DP, "Memang mendesak, sudah benar")
    with store.reading() as tx:
        assert tasks.waiting(tx, identities.REVIEW_TASK) == 0


DEMANDS = {
    # what                                      refused at once
    "police without a document": (
        {"asker": "police", "asker_name": "Polres Contoh", "purpose": "legal"},
        "no_document",
    ),
    "court, no order of law": ({"asker": "court", "asker_name": "PN Contoh", "purpose": "danger"}, "no_ground"),
    "commission on our purpose": ({"asker": "commission", "asker_name": "Komisi", "purpose": "reporter"}, "no_ground"),
    "who is complained about": (
        {"asker": "reported", "asker_name": "Kepala dinas", "purpose": "legal", "document": "W1/2026"},
        "reported_person",
    ),
    "with an order": ({"asker": "police", "asker_name": "Polres", "purpose": "legal", "document": "SP/1/2026"}, ""),
    "our own need": ({"purpose": "misdirected"}, ""),
}


@pytest.mark.parametrize("name", DEMANDS)
def test_c34_a_demand_without_a_ground_is_written_down_and_refused(vault: Vault, name: str) -> None:
    given, refusal = DEMANDS[name]
    demand = vault.ask(**given)
    row = vault.row()
    assert (row.refusal, row.state) == (refusal, "refused" if refusal else "asked")
    if refusal:
        with pytest.raises(ActionRefused, match="wrong_state"):
            vault.grant(demand)
        with pytest.raises(ActionRefused, match="wrong_state"):
            vault.do(identities.look, demand, KO)


def test_c34_an_order_of_law_needs_two_and_an_undecided_demand_is_refused(vault: Vault, moment: Moment) -> None:
    demand = vault.ask(asker="police", asker_name="Polres Contoh", purpose="legal", document="SP/1/2026")
    with pytest.raises(ActionRefused, match="wrong_role"):
        vault.do(identities.decide_alone, demand, KO)
    moment.pass_(days=7, seconds=1)
    with pytest.raises(ActionRefused, match="expired"):
        vault.grant(demand)
    with pytest.raises(ActionRefused, match="wrong_state"):
        vault.do(identities.look, demand, KO)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_c9_an_anonymous_reporter_is_opened_for_danger_and_law_alone(vault: Vault, purpose: Purpose) -> None:
    vault.change(anonymous=True)
    vault.ask(purpose=purpose.value, document="SP/1/2026")
    wanted = "" if purpose in {Purpose.DANGER, Purpose.LEGAL} else "anonymous"
    assert vault.row().refusal == wanted


def test_c9_c34_others_hear_of_it_at_once_and_the_reporter_after_a_day(
    vault: Vault, store: Store, moment: Moment
) -> None:
    demand = vault.ask()
    vault.grant(demand)
    before = max(one.id for one in spoken(store, Address("tg", CHAT)))
    vault.do(identities.look, demand, KO)
    with store.reading() as tx:
        assert tasks.waiting(tx, identities.OPENED_TASK) == 1
    coordinators = rows(store, tables.outbox, tables.outbox.c.key == identities.TO_COORDINATOR)
    assert coordinators
    moment.pass_(hours=23)
    _tell(store)
    assert spoken(store, Address("tg", CHAT), before) == []
    moment.pass_(hours=1)
    _tell(store)
    _tell(store)
    (told,) = spoken(store, Address("tg", CHAT), before)
    assert told.text.startswith(
        f"Identitas laporan {vault.case.number} dibuka oleh Koordinator untuk bahaya bagi jiwa."
    )
    assert vault.row().told == "tg"


def test_c34_a_ground_that_forbids_it_keeps_the_reporter_from_being_told(
    vault: Vault, store: Store, moment: Moment
) -> None:
    given = {"asker": "court", "asker_name": "PN Contoh", "purpose": "legal", "document": "1/Pid/2026", "barred": True}
    demand = vault.ask(**given)
    vault.grant(demand)
    vault.do(identities.look, demand, KO)
    moment.now += timedelta(days=3)
    _tell(store)
    assert rows(store, tables.outbox, tables.outbox.c.key == identities.TO_REPORTER) == []
    assert vault.row().told == "barred"


def _tell(store: Store) -> None:
    with store.transaction() as tx:
        identities.tell(tx)


def test_c9_every_step_stands_in_the_record_without_the_identity(vault: Vault, store: Store) -> None:
    demand = vault.ask(reason=f"{REASON} Nomornya 081299000511, mohon dibuka.")
    vault.grant(demand)
    for _ in range(2):
        vault.do(identities.look, demand, KO)
    lines = rows(store, tables.audit, tables.audit.c.action.startswith("identity_"))
    assert [line.action.removeprefix("identity_") for line in lines] == ["demanded", "granted", "opened", "opened"]
    kept = f"{lines} {vault.row()}"
    assert not any(canary in kept for canary in (NAME, CHAT, "081299000511"))


@pytest.mark.parametrize(
    ("field", "value"), [("purpose", "x"), ("asker", "y"), ("reason", "pendek"), ("number", "KBR-1")]
)
def test_a_demand_that_lacks_something_is_not_written(vault: Vault, store: Store, field: str, value: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        vault.ask(**{field: value})
    assert refused.value.field == field
    assert rows(store, tables.identity_demand) == []


def test_the_tables_name_the_same_roles_and_grounds() -> None:
    assert all(role not in second for role, second in SECOND.items())
    assert {one for second in SECOND.values() for one in second} == set(SECOND)
    assert len(Asker) == 6


async def test_c9_the_screen_shows_an_identity_in_one_answer_only(desk: Desk) -> None:
    number = assigned(desk, sender=CHAT)
    await desk.become(KO)
    page = await desk.page(f"/admin/aduan/{number}")
    assert f"/admin/identitas?tiket={number}" in page
    fields = {"number": number, "purpose": "danger", "asker": "office", "reason": "singkat"}
    answer = await desk.press("/admin/identitas", "/admin/identitas", **fields)
    assert (answer.status, "terlalu pendek" in await answer.text()) == (422, True)
    fields["reason"] = REASON
    answer = await desk.press("/admin/identitas", "/admin/identitas", **fields)
    here = answer.headers["Location"].partition("?")[0]
    assert "Setujui" not in await desk.page(here)
    await desk.become(DP)
    assert "Permintaan identitas menunggu Anda" in await desk.words("/admin/beranda")
    refused = await desk.press(f"{here}/setujui", here, reason="ya")
    assert refused.status == 422
    await desk.done(f"{here}/setujui", here, reason="Kebutuhannya jelas")
    await desk.become(KO)
    shown = await (await desk.press(f"{here}/lihat", here)).text()
    assert (f"tg:{CHAT}" in shown, "Dilihat oleh" in shown) == (True, True)
    assert _looks(words(shown)) == _looks(await desk.words(here)), "as it stands since this very look"
    for path in (here, "/admin/identitas", "/admin/tugas", "/admin/audit", f"/admin/aduan/{number}"):
        assert CHAT not in await desk.page(path), path


def _looks(page: str) -> tuple[str, str]:
    """When it was looked at first, and until when it can be looked at."""
    found = re.search(r"Pertama dilihat (.*?) Pelapor diberi tahu .* Dapat dilihat sampai (.*?)\.", page)
    assert found, page
    return found[1], found[2]
