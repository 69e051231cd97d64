"""Reference data: what ships is sound, what an operator brings is checked, and every refusal names its place."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from config.load import load, settings_from
from config.reference import SHIPPED, Reference, ReferenceInvalid, reference_for
from config.settings import Data

FILES = Path(__file__).parent / "files"
DATA = Path(__file__).parents[2] / "config" / "data"
BUILT_IN = Reference.load()
NOTHING_SET = load(environ={}).data


def with_file(key: str, text: str, folder: Path) -> Data:
    """`[data]` with one file of the operator's own."""
    file = folder / SHIPPED[key]
    file.write_text(text, encoding="utf-8")
    return replace(NOTHING_SET, **{key: str(file)})


def refusal(key: str, text: str, folder: Path) -> str:
    with pytest.raises(ReferenceInvalid) as refused:
        Reference.load(with_file(key, text, folder))
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{folder}/")


# fmt: off
SIZES = [
    (BUILT_IN.agencies, 69), (BUILT_IN.areas, 101), (BUILT_IN.topics, 38), (BUILT_IN.holidays.holidays, 79),
    (BUILT_IN.landmarks, 22), (BUILT_IN.glossary.terms, 70), (BUILT_IN.services.services, 6),
    (BUILT_IN.services.components, 14), (BUILT_IN.overlaps, 26), (BUILT_IN.out_of_authority, 32),
    (BUILT_IN.colloquial, 693), (BUILT_IN.self_assessment.indicators, 41), (BUILT_IN.self_assessment.groups, 7),
    (BUILT_IN.action_plan.actions, 10),
]
# fmt: on


@pytest.mark.parametrize(("entries", "count"), SIZES)
def test_everything_of_the_built_in_example_is_read(entries: Mapping[str, object], count: int) -> None:
    assert len(entries) == count


def test_every_reference_file_has_a_setting() -> None:
    assert set(SHIPPED) == set(Data.__dataclass_fields__)
    assert all((DATA / name).is_file() for name in SHIPPED.values())


def test_the_example_names_its_two_special_offices() -> None:
    assert (BUILT_IN.coordinator, BUILT_IN.conflict_of_interest, BUILT_IN.region) == (
        "DISKOMINFO",
        "INSPEKTORAT",
        "62.01",
    )


def test_a_ladder_leads_from_the_unit_to_the_root() -> None:
    assert [agency.code for agency in BUILT_IN.tree.ladder("KEL-CANDI")] == ["KEL-CANDI", "KEC-KUMAI", "PEMKAB"]
    assert "KEC-KUMAI" in {agency.code for agency in BUILT_IN.tree.children("PEMKAB")}
    assert BUILT_IN.tree.ladder("TIDAK-ADA") == ()


def test_agencies_and_topics_are_found_however_they_are_written() -> None:
    agency = BUILT_IN.agency_named("diskominfo")
    assert agency is not None
    assert agency.code == "DISKOMINFO"
    for name in ("pekerjaan-umum", "PEKERJAAN UMUM DAN PENATAAN RUANG", "Pekerjaan  umum & penataan ruang"):
        topic = BUILT_IN.topic_named(name.replace("&", "dan"))
        assert topic is not None
        assert topic.code == "pekerjaan-umum"
    assert BUILT_IN.topic_named("cuaca") is None
    assert BUILT_IN.agency_named("kelurahan") is None


def test_villages_are_no_agencies() -> None:
    assert {area.agency for area in BUILT_IN.areas.values() if area.level == "desa"} == {""}
    assert BUILT_IN.areas["62.01.01"].agency == "KEC-KUMAI"
    assert BUILT_IN.areas["62.01.01.1011"].is_ambiguous


def test_an_agency_is_valid_within_its_dates() -> None:
    agency = replace(BUILT_IN.agencies["DLH"], valid_from=date(2026, 1, 2), valid_to=date(2026, 12, 31))
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 12, 31), date(2027, 1, 1)]
    assert [agency.is_valid_on(day) for day in days] == [False, True, True, False]


def test_a_few_agencies_of_their_own_load_beside_the_example() -> None:
    reference = Reference.load(replace(NOTHING_SET, agencies=str(FILES / "few-agencies.toml")))
    assert list(reference.agencies) == ["PUPR", "DLH", "DISKOMINFO", "INSPEKTORAT"]
    assert reference.agencies["PUPR"].timezone == "Asia/Pontianak"
    assert reference.agencies["PUPR"].members("penghubung")[0].telegram == "900001"
    assert reference.topics["perhubungan"].agencies == ()
    assert reference.areas["62.01.01"].agency == ""
    assert set(reference.services.services) == {"SP-DISKOMINFO-01"}


def test_in_training_every_accepting_agency_can_be_reached() -> None:
    reference = reference_for(load(environ={}))
    accepting = [agency for agency in reference.agencies.values() if agency.accepts]
    numbers = [agency.members("penghubung")[0].telegram for agency in accepting]
    assert len(set(numbers)) == len(accepting) > 60
    assert all(agency.members("penghubung")[0].notify[0] == "telegram" for agency in accepting)
    assert reference.agencies["DLH"].members("penghubung")[0].telegram == "900033"
    assert not reference.agencies["DLH"].members("kepala")[0].telegram


def test_in_training_an_address_that_is_set_stays(tmp_path: Path) -> None:
    text = (FILES / "few-agencies.toml").read_text()
    settings = settings_from(
        f"""
        [training]
        enabled = true
        [storage]
        identity_key = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"
        [data]
        agencies = "{with_file("agencies", text, tmp_path).agencies}"
        """
    )
    agencies = reference_for(settings).agencies
    assert [agencies[code].members("penghubung")[0].telegram for code in ("PUPR", "DLH", "DISKOMINFO")] == [
        "900001",
        "900002",
        "900005",
    ]


def test_outside_training_nobody_gets_an_address() -> None:
    settings = replace(load(environ={}), training=replace(load(environ={}).training, enabled=False))
    assert {member.telegram for agency in reference_for(settings).agencies.values() for member in agency.team} == {""}


HEAD = 'schema = 1\ncoordinator = "A1"\nconflict_of_interest = "A1"\n'
A1 = '[[agency]]\ncode = "A1"\nname = "Dinas Satu"\nkind = "dinas"\naccepts = true\n'
TEAM = '[[agency.team]]\nrole = "kepala"\nperson = "Contoh"\n'
# fmt: off
WRONG_AGENCIES = [
    ("schema = 2",                                        "agencies.toml: has schema 2; this version reads schema 1"),
    ("schema = ",                                         "agencies.toml: is not valid TOML: Invalid value (at end of document)"),
    (HEAD,                                                "agencies.toml: has no [[agency]]"),
    (HEAD + "[[agency]]\nname = 'x'",                     "agencies.toml: agency 1: code is missing"),
    (HEAD + A1 + A1,                                      "agencies.toml: agency 2 (A1): code 'A1' is used twice"),
    (HEAD + A1 + "nama = 'x'",                            "agencies.toml: agency 1 (A1).nama: unknown key; did you mean 'name'?"),
    (HEAD + A1 + "parent = 'B2'",                         "agencies.toml: agency 1 (A1).parent: unknown agency 'B2'"),
    (HEAD + A1 + "topics = ['jalan']",                    "agencies.toml: agency 1 (A1).topics: unknown topic 'jalan' (not in topics.csv)"),
    (HEAD + A1 + "areas = ['99']",                        "agencies.toml: agency 1 (A1).areas: unknown area '99' (not in areas.csv)"),
    (HEAD + A1 + "parent = 'A1'",                         "agencies.toml: agency (A1): is its own parent: A1 -> A1"),
    (HEAD + A1 + "parent = 'A2'\n" + A1.replace("A1", "A2") + "parent = 'A1'",
                                                          "agencies.toml: agency (A1): is its own parent: A1 -> A2 -> A1"),
    (HEAD + A1 + A1.replace("A1", "A2") + "aliases = ['a1']", "agencies.toml: agency 2 (A2): 'A1' already names A1"),
    (HEAD + A1.replace("A1", "a1"),                       "agencies.toml: agency 1 (a1): code must be A-Z, 0-9 and -, not 'a1'"),
    (HEAD + A1 + "valid_from = 2026-02-01\nvalid_to = 2026-01-01", "agencies.toml: agency 1 (A1): valid_to lies before valid_from"),
    (HEAD.replace("A1", "B2", 1) + A1,                    "agencies.toml: coordinator: unknown agency 'B2'"),
    (HEAD.replace('conflict_of_interest = "A1"', 'conflict_of_interest = "B2"') + A1,
                                                          "agencies.toml: conflict_of_interest: unknown agency 'B2'"),
    (HEAD + 'duty = ["B2"]\n' + A1,                       "agencies.toml: duty: unknown agency 'B2'"),
    ("schema = 1\n" + A1,                                 "agencies.toml: head.coordinator: is missing"),
    (HEAD + A1 + TEAM + "phone = '0811'",                 "agencies.toml: agency 1 (A1).team[0]: phone must be written like +62811…, not '0811'"),
    (HEAD + A1 + TEAM + "telegram = '@x'",                "agencies.toml: agency 1 (A1).team[0]: telegram must be a numeric id, not '@x'"),
    (HEAD + A1 + TEAM + "email = 'x'",                    "agencies.toml: agency 1 (A1).team[0]: email must be an address, not 'x'"),
    (HEAD + A1 + TEAM + "notify = ['pos']",               "agencies.toml: agency 1 (A1).team[0].notify[0]: unknown 'pos'; known: telegram, whatsapp, email, sms"),
    (HEAD + A1 + TEAM + "valid_from = 2026-02-01\nvalid_to = 2026-01-01",
                                                          "agencies.toml: agency 1 (A1).team[0]: valid_to lies before valid_from"),
    (HEAD + A1 + TEAM + "valid_to = 'besok'",             "agencies.toml: agency 1 (A1).team[0].valid_to: must be a date like 2026-12-31, not 'besok'"),
    (HEAD + A1 + TEAM + TEAM,                             "agencies.toml: agency 1 (A1).team[1]: 'Contoh' is kepala twice for the same days"),
    (HEAD + A1 + TEAM + "valid_to = 2026-01-31\n" + TEAM + "valid_from = 2026-02-01",
                                                          "agencies.toml: agency 1 (A1).team[1]: 'Contoh' is kepala twice: keep the mandate that counts now"),
    (HEAD + A1 + TEAM.replace("kepala", "bos"),           "agencies.toml: agency 1 (A1).team[0].role: unknown 'bos'; known: penghubung, deputi, kepala, anggota"),
]
# fmt: on


@pytest.mark.parametrize(("text", "line"), WRONG_AGENCIES)
def test_wrong_agencies_are_refused_by_entry(text: str, line: str, tmp_path: Path) -> None:
    assert refusal("agencies", text, tmp_path) == line


def shipped(key: str) -> str:
    return (DATA / SHIPPED[key]).read_text(encoding="utf-8")


def with_line(key: str, line: str) -> str:
    return shipped(key).rstrip("\n") + f"\n{line}\n"


AREAS = len(shipped("areas").splitlines())
# fmt: off
WRONG_ROWS = [
    ("areas",     "code,name\n1,x",                       "areas.csv: line 1: columns missing: level, parent, unit_code, aliases, timezone, ambiguous, kecamatan"),
    ("areas",     "",                                     "areas.csv: line 1: columns missing: code, name, level, parent, unit_code, aliases, timezone, ambiguous, kecamatan"),
    ("areas",     shipped("areas").splitlines()[0],       "areas.csv: has no rows"),
    ("areas",     with_line("areas", "62.01,x,desa,62.01.01,,,WIB,no,"),    f"areas.csv: line {AREAS + 1}: code '62.01' stands in line 2 already"),
    ("areas",     with_line("areas", "62.99,x,desa,62.77,,,WIB,no,"),       f"areas.csv: line {AREAS + 1}: parent '62.77' does not exist"),
    ("areas",     with_line("areas", "62.99,x,dusun,62.01,,,WIB,no,"),      f"areas.csv: line {AREAS + 1}: level: unknown 'dusun'; known: provinsi, kabupaten, kota, kecamatan, kelurahan, desa"),
    ("areas",     with_line("areas", "62.99,x,desa,62.01,KEL-X,,WIB,no,"),  "areas.csv: area 62.99: unknown agency 'KEL-X' (not in agencies.toml)"),
    ("areas",     with_line("areas", "62.99,x,desa"),     f"areas.csv: line {AREAS + 1}: has 3 cells, the header has 9"),
    ("areas",     with_line("areas", ",x,desa,62.01,,,WIB,no,"),            f"areas.csv: line {AREAS + 1}: code is empty"),
    ("landmarks", with_line("landmarks", "x,Kumai,62.9,,belum"),            "landmarks.csv: line 24: unknown area '62.9' (not in areas.csv)"),
    ("colloquial", with_line("colloquial", "ad,ada,id,singkatan,ya"),       "colloquial.csv: line 695: 'ad' (id) stands in line 2 already"),
    ("overlaps",  with_line("overlaps", "OV-01,x,PUPR,PUPR,,,"),            "overlaps.csv: line 28: id 'OV-01' stands in line 2 already"),
    ("out_of_authority", with_line("out_of_authority", "XX,x,BUMN,jalan,,,,catat,umum"), "out-of-authority.csv: line 34: unknown topic 'jalan' (not in topics.csv)"),
    ("holidays",  with_line("holidays", "[[holiday]]\ndate = 2025-01-01\nname = 'x'\nkind = 'libur'\nstatus = 'final'"),
                                                          "holidays.toml: holiday 80: 2025-01-01 is a libur day twice"),
    ("holidays",  with_line("holidays", "[[holiday]]\ndate = 2028-01-01\nname = 'x'\nkind = 'cuti'\nstatus = 'final'"),
                                                          "holidays.toml: holiday 80 (2028-01-01).kind: unknown 'cuti'; known: libur, cuti-bersama, lokal, kerja-pengganti"),
    ("holidays",  shipped("holidays").replace('2025 = "final"', '2025 = "pasti"'), "holidays.toml: years.2025: must be a year with final or sementara, not 'pasti'"),
    ("holidays",  "schema = 1",                           "holidays.toml: has no [[holiday]]"),
    ("glossary",  shipped("glossary").replace('owner = "DISKOMINFO"', 'owner = "X1"'), "glossary.toml: document.owner: unknown agency 'X1' (not in agencies.toml)"),
    ("services",  shipped("services").replace("waktu = {", "lama = {", 1), "services.toml: service 1 (SP-DISKOMINFO-01).standard: unknown component 'lama'"),
    ("self_assessment", shipped("self_assessment").replace('group = "A"', 'group = "Z"', 1), "self-assessment.toml: indicator (A01).group: unknown group 'Z'"),
    ("action_plan", shipped("action_plan").replace('indicator = "A02"', 'indicator = "Z9"', 1), "action-plan.toml: action (RA-01).indicator: unknown indicator 'Z9' (not in self-assessment.toml)"),
]
# fmt: on


@pytest.mark.parametrize(("key", "text", "line"), WRONG_ROWS)
def test_wrong_rows_and_entries_are_refused_by_line(key: str, text: str, line: str, tmp_path: Path) -> None:
    assert refusal(key, text, tmp_path) == line


def test_topics_name_their_agencies_in_a_column_that_may_carry_the_region(tmp_path: Path) -> None:
    own = shipped("topics").replace("agencies_kobar", "agencies")
    assert Reference.load(with_file("topics", own, tmp_path)).topics["perhubungan"].agencies[0] == "DISHUB"
    without = shipped("topics").replace("agencies_kobar", "unit")
    assert refusal("topics", without, tmp_path) == "topics.csv: line 1: columns missing: agencies"
    counted = shipped("topics").replace(",ya,20,ya,", ",ya,banyak,ya,", 1)
    assert "label_count_2025 must be a number" in refusal("topics", counted, tmp_path)


def test_a_spreadsheet_s_byte_order_mark_is_no_part_of_the_data(tmp_path: Path) -> None:
    assert len(Reference.load(with_file("areas", "\ufeff" + shipped("areas"), tmp_path)).areas) == 101


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceInvalid, match=r"^/nowhere\.csv: cannot be read: "):
        Reference.load(replace(NOTHING_SET, areas="/nowhere.csv"))
    file = tmp_path / "latin.csv"
    file.write_bytes(b"code,name\n1,Kec\xe9\n")
    with pytest.raises(ReferenceInvalid, match=r"latin\.csv: cannot be read: "):
        Reference.load(replace(NOTHING_SET, areas=str(file)))


def test_a_service_has_a_code_for_its_deep_link() -> None:
    assert BUILT_IN.services.services["SP-DISKOMINFO-01"].deep_link == "sp_diskominfo_01"
