"""Our client of Open311 against our own server, over real HTTP: two governments that both use this gateway."""

import pytest

from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role, Status
from gateway.complaints.forward import ForwardState
from gateway.record import cases
from gateway.storage import tables
from tests.forwarders.samples import job, open311, poll_job, report
from tests.web.conftest import OpenSite, Served
from tests.web.test_open311_posting import KEY, SETTINGS
from workers.forwarders.carrying import carry, look, probe
from workers.http import AiohttpHttp

DESK = Actor(Role.COORDINATOR, "1", name="Koordinator Contoh")
REPORT = report(topic="perhubungan", place="Kelurahan Contoh Baru", anonymous=False)


def verify(site: Served) -> None:
    with site.tx() as tx:
        case = cases.case_of(tx.one(tables.complaint.select()))
        casework.apply(tx, Action.VERIFY, case, DESK, {"kind": "pengaduan", "topic": "perhubungan"})


def finish(site: Served) -> None:
    with site.tx() as tx:
        changes = {"status": "resolved", "public_answer": "Lampu sudah diganti.", "closed_at": tx.now}
        tx.execute(tables.complaint.update().values(status_since=tx.now, updated_at=tx.now, **changes))
    site.moment.pass_(minutes=20)


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_report_goes_from_one_government_to_another_and_its_answer_comes_back(
    open_site: OpenSite, form: str
) -> None:
    site = await open_site(SETTINGS)
    base = str(site.client.make_url("/open311/v2"))
    client = open311(api_url=base, api_key=KEY, format=form, service_codes={"perhubungan": "perhubungan"})
    async with AiohttpHttp() as http:
        await probe(client, http)
        sent = await carry(client, job(report=REPORT), http, site.moment, lambda: 0.5)
        assert (sent.state, sent.error) == (ForwardState.SENT, "")
        assert sent.remote_id.startswith("KBR-")
        hidden = await look(client, poll_job(sent.remote_id), http, site.moment, lambda: 0.5)
        assert (hidden.state, hidden.misses) == (None, 1), "nobody over there has verified it yet"
        verify(site)
        known = await look(client, poll_job(sent.remote_id), http, site.moment, lambda: 0.5)
        assert known.state
        assert (known.state.status_name, known.state.has_marker) == ("open", True)
        unknown = job(state=ForwardState.UNKNOWN, report=REPORT, unknown_since=site.moment.now)
        found = await carry(client, unknown, http, site.moment, lambda: 0.5)
        assert (found.state, found.remote_id) == (ForwardState.SENT, sent.remote_id), "found by our marker"
        finish(site)
        closed = await look(client, poll_job(sent.remote_id), http, site.moment, lambda: 0.5)
    assert closed.state
    assert closed.state.status is Status.AWAITING_REPORTER
    assert [event.text for event in closed.state.events] == ["Lampu sudah diganti."]
