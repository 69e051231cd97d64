"""`/api/v1/reports/coverage`: the gaps that the screen shows, for programs."""

from gateway.queries import coverage
from tests.web.conftest import TOKEN, Served


async def test_a_program_reads_which_units_cannot_be_told(site: Served) -> None:
    answer = await site.client.get("/api/v1/reports/coverage", headers=TOKEN)
    told = await answer.json(content_type=None)
    with site.tx() as tx:
        taking = [unit for unit in coverage.units(tx) if unit.accepts]
    wanting = {unit.code: [gap.value for gap in unit.gaps] for unit in taking if unit.gaps}
    assert (answer.status, told["units"], told["complete"]) == (200, len(taking), len(taking) - len(wanting))
    assert {item["agency"]: item["gaps"] for item in told["items"]} == wanting
    [roads] = [item for item in told["items"] if item["agency"] == "PUPR"]
    assert roads["channels"] == {"penghubung": ["tg"], "deputi": [], "kepala": ["sms"]}
    assert {service["agency"] for service in told["services"]} <= set(wanting)
    assert told["next"] is None
