"""The API called as its own description allows, and as it does not: nothing breaks, nothing undocumented is answered.

A few calls per operation, the same ones each time; many more by the command in docs/develop/testing.md.
"""

import asyncio

from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.complaints.complaint import SYSTEM
from gateway.people import tokens
from gateway.people.tokens import NewToken
from gateway.web.openapi import ENTRIES, document
from tests.web.conftest import OpenSite
from tests.web.test_api import filed

CALLS = 2
"""Per operation and mode."""
CHECKS: list[CheckFunction] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip


async def test_whatever_is_asked_is_answered_as_the_description_says(open_site: OpenSite) -> None:
    site = await open_site("[limits]\napi_per_minute = 0")
    with site.tx() as tx:
        _, token = tokens.make(tx, NewToken("fuzz", "Kominfo", tokens.SCOPES), SYSTEM)
    number = (await filed(site))["number"]
    base, headers = str(site.client.make_url("/")), {"Authorization": f"Bearer {token}"}
    called = await asyncio.to_thread(call_all, base, headers, number)
    assert called >= len(ENTRIES) * CALLS


def call_all(base: str, headers: dict[str, str], number: str) -> int:
    """How many calls were made; an assertion of schemathesis says which one was answered wrongly."""
    load_all_checks()
    called = 0
    for found in from_dict(document()).get_all_operations():
        for mode in GenerationMode:
            called += call_some(found.ok(), mode, base, headers, number)
    return called


def call_some(operation: APIOperation, mode: GenerationMode, base: str, headers: dict[str, str], number: str) -> int:
    made = []

    @settings(
        max_examples=CALLS, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(operation.as_strategy(generation_mode=mode))
    def call(case: Case) -> None:
        if "number" in case.path_parameters:
            case.path_parameters["number"] = number
        made.append(case)
        case.call_and_validate(base_url=base, headers=headers, checks=CHECKS)

    call()
    return len(made)
