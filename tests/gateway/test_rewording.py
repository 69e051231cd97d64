"""An office's own words: judged before they are spoken, spoken by every process, every version kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.messages import Address
from config.texts import FILL_IN, shipped
from gateway.intake.arrival import Arrival
from gateway.notices import gathering, rewording, text_rules
from gateway.notices.rewording import TextRefused, Wish
from gateway.office import Office
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.wording import Wording
from tests.gateway.conftest import Moment, engine_at
from tests.gateway.short_ways import COORDINATOR, REPORT, assigned, expand, opened, rows, spoken

Sends = Callable[..., Arrival]
ASSIGNED = "{tiket} kami teruskan ke {opd}. Jawaban pertama sebelum {tgl}."
LOG = tables.dispatch_log


@pytest.fixture
def store(store: Store) -> Store:
    """Looks for new words at every transaction."""
    store.office = replace(store.office, wording=Wording(shipped(), every_s=0))
    return store


def wish(key: str = "st.assigned", text: str = ASSIGNED, seen: int = 0, language: str = "id") -> Wish:
    return Wish(key, language, text, "Bahasa yang lebih ramah", seen)


def reword(store: Store, wanted: Wish) -> int:
    with store.transaction() as tx:
        return rewording.reword(tx, wanted, COORDINATOR)


def codes(store: Store, key: str, text: str, language: str = "id") -> list[str]:
    rules = rewording.rules_of(store.office)
    return [problem.code for problem in text_rules.problems(key, language, text_rules.tidied(text), rules)]


# fmt: off
REFUSED = [
    # text                   what somebody wrote                                                   what is wrong
    ("st.assigned",          ASSIGNED,                                                             []),
    ("st.assigned",          "{tiket} diteruskan. Jawaban pertama sebelum {tgl}.",                 []),
    ("st.assigned",          "  {tiket}  diteruskan ke {opd},\n jawaban sebelum {tgl}. ",          []),
    ("st.assigned",          "",                                                                   ["empty"]),
    ("st.assigned",          ASSIGNED + " {kode}",                                                 ["unknown_fill_in"]),
    ("st.assigned",          "Diteruskan ke {opd}.",                                               ["missing_fill_in"]),
    ("st.assigned",          ASSIGNED + " {Tiket}",                                                ["brace"]),
    ("st.assigned",          ASSIGNED + " Terima kasih atas komplain Anda.",                       ["forbidden_word"]),
    ("st.assigned",          ASSIGNED + " Cek http://bit.ly/x",                                    ["foreign_link"]),
    ("st.assigned",          ASSIGNED + " Cek www.contoh.example",                                 ["foreign_link"]),
    ("st.assigned",          ASSIGNED + " Cek http://127.0.0.1:8080/lacak",                        []),
    ("st.assigned",          ASSIGNED + " Terima kasih" * 6,                                       ["too_long_sms"]),
    ("st.assigned",          ASSIGNED + " ✔",                                                      ["not_for_sms"]),
    ("st.answer",            "{tiket} dijawab: {kutipan} Sudah beres? Balas YA atau BELUM.",       []),
    ("pv.first",             "Data Anda dijaga. Jangan kirim PIN.",                                []),
    ("button.yes",           "YA, TERIMA KASIH BANYAK ATAS KABARNYA",                             ["too_long"]),
    ("pic.withdrawn",        "Tugas {tiket} dipindahkan ✔",                                        []),
    ("pic.withdrawn",        "{tiket} " + "dipindahkan " * 30,                                     ["too_long"]),
    ("pic.due_sms",          "{tiket} jatuh tempo hari ini. Harap segera dibuka dan dijawab: {tautan} Terima kasih atas kerja samanya.", ["too_long_sms"]),
]
# fmt: on


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("key", "text", "wrong"), REFUSED)
def test_c32_a_text_that_would_reach_nobody_well_is_refused(
    store: Store, key: str, text: str, wrong: list[str]
) -> None:
    assert codes(store, key, text) == wrong


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_text_of_the_product_passes_its_own_rules_and_can_be_shown(store: Store) -> None:
    rules, found = rewording.rules_of(store.office), []
    for area in text_rules.AREAS:
        for key in text_rules.keys(area):
            for language in ("id", "en"):
                text = shipped().words(key, language)[0]
                found += [(key, problem) for problem in text_rules.problems(key, language, text, rules)]
                said = text_rules.shown(key, language, text, rules)
                assert said, key
                assert not [one for way in said.values() for one in way.messages if FILL_IN.search(one)], key
    assert found == []


def test_a_notice_is_worded_by_the_office_and_the_log_says_by_which_version(store: Store, telegram: Sends) -> None:
    assert reword(store, wish()) == 1
    assert (
        reword(store, wish("pic.new", 'Tugas {tiket}: "{kutipan}" Terima sebelum {tgl1}, jawab sebelum {tgl2}.')) == 1
    )
    case = assigned(store, telegram(REPORT))
    expand(store)
    last = spoken(store, Address("tg", "77"))[-1].text
    assert last.startswith(f"{case.number} kami teruskan ke Dinas Pekerjaan Umum")
    assert spoken(store, Address("tg", "900001"))[-1].text.startswith(f"Tugas {case.number}: ")
    found = {row.key: row.template_version for row in rows(store, LOG, LOG.c.outbox_id.is_not(None))}
    assert found == {"st.assigned": 1, "pic.new": 1}


@pytest.mark.parametrize(("waited", "key"), [(1, "pic.new"), (2, gathering.KEY)])
def test_what_waited_is_logged_with_the_version_that_told_it(
    store: Store, telegram: Sends, moment: Moment, waited: int, key: str
) -> None:
    words = {
        "pic.new": 'Tugas {tiket}: "{kutipan}" Terima sebelum {tgl1}, jawab sebelum {tgl2}.',
        gathering.KEY: "Ada {n} kabar.",
    }
    reword(store, wish(key, words[key]))
    for number in range(3 + waited):
        assigned(store, telegram(f"{REPORT} {number}", sender=str(500 + number)))
        expand(store)
    moment.pass_(minutes=15)
    assert gathering.tell_gathered(store) == 1
    found = rows(store, LOG, LOG.c.skip == "DIGEST")
    assert [row.template_version for row in found] == [1] * waited


def test_an_answer_in_a_talk_is_worded_by_the_office_too(store: Store, telegram: Sends) -> None:
    reword(store, wish("rx.receipt", "Terima kasih. No {tiket} kode {kode}, diperiksa sebelum {tgl}."))
    opened(store, telegram(REPORT))
    assert spoken(store, Address("tg", "77"))[0].text.startswith("Terima kasih. No KBR-260000013 kode ")


def test_another_process_speaks_the_new_words_at_its_next_look(store: Store, office: Office) -> None:
    other = Store(engine_at(office.settings.storage.url), replace(office, wording=Wording(shipped(), every_s=3600)))
    with other.reading() as tx:
        assert tx.office.texts.version("st.assigned") is None
    reword(store, wish())
    with other.reading() as tx:
        assert tx.office.texts.version("st.assigned") is None
    other.office.wording.look_soon()
    with other.reading() as tx:
        assert tx.office.texts.version("st.assigned") == 1
        assert tx.office.texts.words("st.assigned") == (ASSIGNED,)


def test_the_process_that_changed_a_text_speaks_it_at_once(store: Store) -> None:
    store.office = replace(store.office, wording=Wording(shipped(), every_s=3600))
    reword(store, wish())
    with store.reading() as tx:
        assert tx.office.texts.version("st.assigned") == 1


def test_every_version_is_kept_and_any_can_be_taken_up_again(store: Store) -> None:
    reword(store, wish())
    reword(store, wish(text="{tiket} untuk {opd}, sebelum {tgl}.", seen=1))
    with store.transaction() as tx:
        assert rewording.restore(tx, wish(seen=2), 1, COORDINATOR) == 3
    with store.reading() as tx:
        assert tx.office.texts.words("st.assigned") == (ASSIGNED,)
    with store.transaction() as tx:
        assert rewording.restore(tx, wish(seen=3), rewording.SHIPPED, COORDINATOR) == 4
    with store.reading() as tx:
        assert tx.office.texts.version("st.assigned") is None
        assert [one.version for one in rewording.history(tx, "st.assigned", "id")] == [4, 3, 2, 1]
        assert rewording.history(tx, "st.assigned", "en") == []
    audit = rows(store, tables.audit, tables.audit.c.action == "text_changed")
    assert [row.details["version"] for row in audit] == [1, 2, 3, 4]


# fmt: off
UNKEPT = [
    # what was wished                                              field, what is wrong with it
    (wish(text="Diteruskan."),                                     ("text", "missing_fill_in")),
    (wish(seen=7),                                                 ("_seen", "stale")),
    (replace(wish(), reason="ya"),                                 ("reason", "no_reason")),
    (wish(text="{tiket} {opd} {tgl} " + "x" * 1000),               ("text", "too_long")),
]
# fmt: on


@pytest.mark.parametrize(("wanted", "wrong"), UNKEPT)
def test_what_is_refused_is_not_kept(store: Store, wanted: Wish, wrong: tuple[str, str]) -> None:
    with pytest.raises(TextRefused) as refused:
        reword(store, wanted)
    assert [(field, problem.code) for field, found in refused.value.problems.items() for problem in found] == [wrong]
    assert rows(store, tables.text_version) == []


def test_a_version_that_never_was_cannot_be_taken_up(store: Store) -> None:
    with pytest.raises(TextRefused), store.transaction() as tx:
        rewording.restore(tx, wish(), 9, COORDINATOR)
