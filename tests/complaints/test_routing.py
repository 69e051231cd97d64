"""Which agency a complaint goes to, by the agencies that ship with the product."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from config.reference import Agency, Reference
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Kind, Sensitive
from gateway.complaints.routing import Route, RouteRule, RoutingTable, decide, route

REFERENCE = Reference.load()
TABLE = RoutingTable.of(REFERENCE)
TODAY = date(2026, 11, 23)
ROADS = Suggestion(topics=(Ranked("pekerjaan-umum", 0.9),), agencies=(Ranked("PUPR", 0.9),), confidence=0.9)
BRIBES = Suggestion(
    topics=(Ranked("kependudukan", 0.8),),
    agencies=(Ranked("INSPEKTORAT", 0.7), Ranked("DISDUKCAPIL", 0.2)),
    sensitive=Sensitive.KORUPSI,
    confidence=0.9,
)


def words(topic: str, *agencies: tuple[str, float]) -> Suggestion:
    return Suggestion(
        topics=(Ranked(topic, 0.9),), agencies=tuple(Ranked(code, share) for code, share in agencies), confidence=0.9
    )


# fmt: off
ROUTES = [
    # suggestion                                          named    service             area                agency          rule  decisive
    (ROADS,                                               "",      "",                 "62.01.02.1007",    "PUPR",         5,    True),
    (ROADS,                                               "",      "",                 "",                 "PUPR",         6,    False),
    (ROADS,                                               "DLH",   "",                 "",                 "DLH",          1,    True),
    (ROADS,                                               "XYZ",   "",                 "",                 "PUPR",         6,    False),
    (ROADS,                                               "",      "sp_rsud_01",       "",                 "RSUD",         2,    True),
    (ROADS,                                               "",      "SP-DPMPTSP-01",    "",                 "DPMPTSP",      2,    True),
    (ROADS,                                               "",      "dishub",           "",                 "DISHUB",       2,    True),
    (words("pekerjaan-umum", ("PERKIM", 0.4)),            "",      "",                 "62.01",            "PERKIM",       5,    True),    # the second usual agency
    (words("pekerjaan-umum", ("DISHUB", 0.7)),            "",      "",                 "62.01",            "DISHUB",       6,    False),   # words against the topic
    (words("pekerjaan-umum", ("DISHUB", 0.3)),            "",      "",                 "62.01",            "PUPR",         5,    True),
    (words("lainnya", ("PDAM", 0.2)),                     "",      "",                 "62.01.02.1007",    "PDAM",         6,    False),
    (words("lainnya"),                                    "",      "",                 "62.01.02.1007",    "KEL-RAJA",     5,    False),   # the longest area
    (words("lainnya"),                                    "",      "",                 "62.01.02",         "KEC-ARUT-SELATAN", 5, False),
    (Suggestion(),                                        "",      "",                 "62.01.02.1007",    "KEL-RAJA",     7,    False),
    (Suggestion(),                                        "",      "",                 "",                 "",             8,    False),
]
# fmt: on


@pytest.mark.parametrize(("suggestion", "named", "service", "area", "agency", "rule", "decisive"), ROUTES)
def test_the_first_rule_that_knows_decides(
    suggestion: Suggestion, named: str, service: str, area: str, agency: str, rule: int, decisive: bool
) -> None:
    way = route(suggestion, TABLE, named_agency=named, service=service, area=area, on=TODAY)
    assert (way.agency, way.rule, way.decisive) == (agency, rule, decisive)
    assert way.reasons


def test_a_reporter_who_names_an_agency_is_believed() -> None:
    way = route(ROADS, TABLE, named_agency="PUPR", on=TODAY)
    assert way.reasons == ("Kode instansi PUPR dari pelapor",)


# fmt: off
CONFLICTS = [
    # suggestion                                             named          agency         reported party known
    (BRIBES,                                                 "",            "INSPEKTORAT", True),
    (BRIBES,                                                 "PUPR",        "INSPEKTORAT", True),
    (BRIBES,                                                 "INSPEKTORAT", "SETDA",       True),
    (replace(BRIBES, agencies=(Ranked("INSPEKTORAT", 0.9),)), "",           "INSPEKTORAT", False),
    (words("netralitas-asn", ("BKPSDM", 0.9)),               "",            "INSPEKTORAT", True),
]
# fmt: on


@pytest.mark.parametrize(("suggestion", "named", "agency", "known"), CONFLICTS)
def test_nobody_receives_a_complaint_about_their_own_people(
    suggestion: Suggestion, named: str, agency: str, known: bool
) -> None:
    way = route(suggestion, TABLE, named_agency=named, on=TODAY)
    assert (way.agency, way.rule, way.conflict, way.confidential) == (agency, 3, known, True)


def test_what_others_must_do_is_only_suggested() -> None:
    way = route(words("energi", ("PLN", 0.9), ("PDAM", 0.1)), TABLE, area="62.01", on=TODAY)
    assert (way.agency, way.rule, way.out_of_authority, way.decisive) == ("", 4, "PLN", False)


def test_a_decreed_row_beats_the_usual_agencies_and_the_words() -> None:
    decreed = (
        RouteRule("pekerjaan-umum", "", "DLH"),
        RouteRule("pekerjaan-umum", "62.01.02", "PERKIM"),
        RouteRule("pekerjaan-umum", "62.01.03", "DISHUB", valid_to=date(2026, 1, 1)),
        RouteRule("pekerjaan-umum", "62.01.04", "DISHUB", valid_from=date(2026, 5, 1)),
        RouteRule("pekerjaan-umum", "62.01.04", "DISHUB", priority=1_001, valid_from=date(2027, 5, 1)),
    )
    table = RoutingTable.of(REFERENCE, decreed)
    found = {
        area: route(ROADS, table, area=area, on=TODAY).agency for area in ("62.01.02.1007", "62.01.03", "62.01.04")
    }
    assert found == {"62.01.02.1007": "PERKIM", "62.01.03": "DLH", "62.01.04": "DISHUB"}
    assert route(ROADS, table, area="62.01.020", on=TODAY).agency == "DLH"  # no part of 62.01.02


def office(code: str, parent: str = "", **changes: object) -> Agency:
    member = REFERENCE.agencies["PUPR"].team
    return replace(Agency(code, code, "dinas", accepts=True, parent=parent, team=member), **changes)  # type: ignore[arg-type]


NO_TEAM = "tanpa tim atau tidak aktif"

# fmt: off
OFFICES = [
    # the agency itself                                       agency      remark
    (office("KECIL", "BESAR"),                                "KECIL",    ""),
    (office("KECIL", "BESAR", team=()),                       "BESAR",    NO_TEAM),
    (office("KECIL", "BESAR", accepts=False),                 "BESAR",    NO_TEAM),
    (office("KECIL", "BESAR", valid_to=date(2026, 11, 22)),   "BESAR",    NO_TEAM),
    (office("KECIL", "BESAR", valid_from=date(2026, 11, 24)), "BESAR",    NO_TEAM),
    (office("KECIL", "", team=()),                            "",         NO_TEAM),
]
# fmt: on


@pytest.mark.parametrize(("small", "agency", "remark"), OFFICES)
def test_an_agency_that_cannot_act_leaves_it_to_its_parent(small: Agency, agency: str, remark: str) -> None:
    agencies = MappingProxyType({"KECIL": small, "BESAR": office("BESAR")})
    way = route(ROADS, replace(TABLE, agencies=agencies), named_agency="KECIL", on=TODAY)
    assert way.agency == agency
    assert way.reasons[1:] == ((f"KECIL {remark}: ke {agency or TABLE.coordinator}",) if remark else ())
    assert way.decisive is bool(agency)


SURE = Route("PUPR", 5, ("Topik pekerjaan-umum",), decisive=True)

# fmt: off
DECISIONS = [
    # what is different                                              threshold  goes on
    ({},                                                             0.85,      True),
    ({"suggestion": replace(ROADS, confidence=0.84)},                0.85,      False),
    ({"way": replace(SURE, decisive=False)},                         0.85,      False),
    ({"way": replace(SURE, out_of_authority="PLN")},                 0.85,      False),
    ({"way": replace(SURE, conflict=True)},                          0.85,      False),
    ({"suggestion": replace(ROADS, kind="bukan_laporan")},           0.85,      False),
    ({"sensitive": True},                                            0.85,      False),
    ({"urgent": True},                                               0.85,      False),
    ({"held": True},                                                 0.85,      False),
    ({"sampled": True},                                              0.85,      False),
    ({},                                                             1.1,       False),   # above 1: never
    ({"held": True},                                                 0,         False),
    ({"sensitive": True, "urgent": True, "sampled": True},           0,         True),
    ({"suggestion": replace(ROADS, confidence=0.0)},                 0,         True),
    ({"way": Route("", 8)},                                          0,         True),
    ({"way": Route("", 4, out_of_authority="PLN")},                  0,         True),
]
# fmt: on


@pytest.mark.parametrize(("changes", "threshold", "goes_on"), DECISIONS)
def test_what_goes_on_without_a_person(changes: dict[str, object], threshold: float, goes_on: bool) -> None:
    given: dict[str, object] = {"suggestion": ROADS, "way": SURE, "coordinator": "DISKOMINFO"} | changes
    decision = decide(threshold=threshold, **given)  # type: ignore[arg-type]
    assert decision.goes_on is goes_on
    assert decision.agency in {"PUPR", "DISKOMINFO"}
    assert decision.reasons


def test_without_a_route_the_coordinator_takes_it() -> None:
    decision = decide(Suggestion(kind="bukan_laporan"), Route("", 8), 0, coordinator="DISKOMINFO")
    assert (decision.agency, decision.kind, decision.topic) == ("DISKOMINFO", Kind.PENGADUAN, "lainnya")


def test_a_complaint_about_conduct_is_supervision_and_confidential() -> None:
    way = route(BRIBES, TABLE, on=TODAY)
    decision = decide(BRIBES, way, 0, coordinator="DISKOMINFO")
    assert (decision.kind, decision.confidential) == (Kind.PENGADUAN_PENGAWASAN, True)
    aspiration = decide(replace(ROADS, kind="aspirasi"), SURE, 0, coordinator="DISKOMINFO")
    assert (aspiration.kind, aspiration.confidential) == (Kind.ASPIRASI, False)


def test_a_topic_may_be_confidential_by_itself() -> None:
    way = route(words("gender-inklusi", ("DP3AP2KB", 0.9)), TABLE, area="62.01", on=TODAY)
    assert (way.agency, way.confidential) == ("DP3AP2KB", True)


def test_every_offered_topic_has_somebody() -> None:
    offered = [topic.code for topic in REFERENCE.topics.values() if topic.is_offered]
    assert offered
    assert not [code for code in offered if not route(words(code), TABLE, area="62.01", on=TODAY).agency]
