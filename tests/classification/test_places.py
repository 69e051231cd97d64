"""Places by name, alias, landmark and spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Reference
from workers.classification.engine import KeywordClassifier
from workers.classification.places import PlaceGuess, Places
from workers.classification.wordlists import WordLists

NAMES = tuple(
    (area.name.lower(), area.code)
    for area in Reference.load().areas.values()
    if area.level == "desa" and len(area.name) > 10
)


@pytest.fixture(scope="module")
def places() -> Places:
    return Places(Reference.load(), WordLists.load())


# fmt: off
PLACES = [
    # text                                                                         name                 code
    ("Jalan di Desa Runtu rusak",                                                  "Runtu",             "62.01.02.2012"),
    ("lampu mati di kel baru",                                                     "Baru",              "62.01.02.1009"),
    ("mau beli lampu baru di toko",                                                "",                  ""),
    ("banjir di kolam hilir",                                                      "Kotawaringin Hilir", "62.01.03.1008"),
    ("kolam ikan warga jebol",                                                     "",                  ""),
    ("sungai di sei rangit hitam",                                                 "Sungai Rangit Jaya", "62.01.05.2007"),
    ("jembatan di mandawai lapuk",                                                 "Mendawai",          "62.01.02.1003"),
    ("sampah di pangkalan bun",                                                    "Arut Selatan",      "62.01.02"),
    ("macet dekat bundaran pancasila",                                             "Arut Selatan",      "62.01.02"),
    ("jalan pangkalan banteng berdebu",                                            "Pangkalan Banteng", "62.01.06"),
    ("kantor desa pangkalan banteng tutup",                                        "Pangkalan Banteng", "62.01.06.2001"),
    ("drainase jl ahmad yani dekat sidorejo mampet",                               "Sidorejo",          "62.01.02.1006"),
    ("travel dari kumai ke pangkalan bun mahal",                                   "",                  ""),
    ("sekolah di karangmulya bocor",                                               "Karang Mulya",      "62.01.06.2003"),
    ("sekolah di karang mulia bocor",                                              "Karang Mulya",      "62.01.06.2003"),
    ("air keruh sekali",                                                           "",                  ""),
]
# fmt: on


@pytest.mark.parametrize(("text", "name", "code"), PLACES)
def test_where_it_happened(classifier: KeywordClassifier, text: str, name: str, code: str) -> None:
    suggestion = classifier.suggest(f"{text}, mohon diperbaiki")
    assert (suggestion.place, suggestion.place_code) == (name, code)


def test_every_area_is_found_by_its_name(classifier: KeywordClassifier) -> None:
    areas = [area for area in Reference.load().areas.values() if area.level in {"kecamatan", "kelurahan", "desa"}]
    assert len(areas) > 90
    found = {area.code: classifier.suggest(f"jalan rusak di {area.level} {area.name}").place_code for area in areas}
    assert {code: given for code, given in found.items() if code != given} == {}


# fmt: off
WRITTEN = [
    # text, code: names as citizens write them, and words that only look like names
    ("jln rusak parah di mdurejo depan sd", "62.01.02.1005"),
    ("lampu PJU padam sejak minggu lalu di Sidorjo gang merpati", "62.01.02.1006"),
    ("banjir di kolam hulu pak, air masuk rumah", "62.01.03.1007"),
    ("Kami warga Desa Natairaya mohon bantuan sumur bor", "62.01.02.2016"),
    ("sampah menumpuk di pinggir jalan kumai hlr", "62.01.01.1013"),
    ("tolong ambulan ke s kapitan ada ibu mau melahirkan", "62.01.01.2008"),
    ("jembatan di sungaibakau patah", "62.01.01.2006"),
    ("jalan ke tlk bogam rusak berlubang", "62.01.01.2005"),
    ("pangkalanbanteng mati lampu terus", "62.01.06"),
    ("irigasi di pkl 3 rusak", "62.01.05.2001"),
    ("di p lada banyak begal", "62.01.05"),
    ("pasar pangkaln bun becek", "62.01.02"),
    ("ktr desa purba sari tutup terus", "62.01.05.2006"),
    ("guru sd di Kadipi ga datang2", "62.01.05.2009"),
    ("air keruh di mandawai sebrang", "62.01.02.1002"),
    ("kampung raja banjir lagi", "62.01.02.1007"),
    ("saya tinggal di kelurahan raja sebrang, titian kayu lapuk", "62.01.02.1008"),
    ("di rt 03 baru ada pohon tumbang", ""),
    ("rt 07 kel baru lampu jalan mati", "62.01.02.1009"),
    ("beli motor baru kok surat belum keluar", ""),
    ("mohon dibuatkan jalan baru di desa kami", ""),
    ("buaya muncul di Sei Sekonyer dekat dermaga", "62.01.01.2014"),
    ("karang mulya sinyal hp hilang", "62.01.06.2003"),
    ("di desa sidomulyo banteng, jalan licin", "62.01.06.2005"),
    ("ds. arga mulia pupuk langka", "62.01.06.2008"),
    ("ada maling sawit di amin jaya", "62.01.06.2007"),
    ("puskesmas pangkut tidak ada dokter", "62.01.04.1002"),
    ("warga Riam Durian kesulitan air bersih", "62.01.03.2006"),
    ("desa riam arut utara listrik cuma malam", "62.01.04.2009"),
    ("air riam deras sekali di sungai arut", ""),
    ("pantai kubu kotor", "62.01.01.2007"),
    ("kubu raya banjir besar", ""),
    ("rumah di Desa Kubu roboh kena angin", "62.01.01.2007"),
    ("jalan poros ke runtu hancur", "62.01.02.2012"),
    ("Umpang belum ada listrik pln", "62.01.02.2013"),
    ("kinjil jalannya lumpur semua", "62.01.03.2004"),
    ("anak sulung saya belum dapat kip", ""),
    ("desa sulung jembatan putus", "62.01.02.2020"),
    ("jalan lada hitam gang 3 berlubang", ""),
    ("di kec pangkalan lada banyak jalan rusak", "62.01.05"),
    ("kebakaran lahan di tanjung puteri", "62.01.02.2001"),
    ("psr panjang dekat smp, truk parkir sembarangan", "62.01.02.2004"),
    ("kumpai batu bwh jalan berdebu", "62.01.02.2014"),
    ("kondang tidak ada sinyal", ""),
    ("desa kondang tidak ada sinyal", "62.01.03.2011"),
    ("penyanyi kondang datang jalanan macet", ""),
    ("Sungai Rangit airnya hitam kena limbah", "62.01.05.2007"),
    ("jembatan gantung di Kerabu mau putus", "62.01.04.2005"),
    ("jalan menuju nanga mua longsor", "62.01.04.2001"),
    ("tolong perbaiki jalan sukarami arut utara", "62.01.04.2003"),
    ("dari pangkalan bun ke kumai angkot tidak ada", ""),
    ("depan istana kuning banyak sampah", "62.01.02.1007"),
    ("bundaran tudung saji lampunya mati", "62.01.02"),
    ("macet di simpang kodok", "62.01.04"),
    ("pasar indra sari bau amis", "62.01.02.1007"),
    ("ruas jalan ahmad yani km 5 bergelombang", "62.01.02"),
    ("jalan a yani palangkaraya banjir", ""),
    ("RSUD sampit antri lama", ""),
    ("rsud sultan imanuddin obatnya kosong", "62.01.02"),
    ("saya di Sampit mau urus ktp kobar", ""),
    ("desa sukajaya kabupaten sumedang jalannya rusak", ""),
    ("Sukajaya kolam jalan putus", "62.01.03.2012"),
    ("desa suka makmur kotawaringin lama belum ada puskesmas", "62.01.03.2013"),
    ("pak camat kumai tolong datang", "62.01.01"),
    ("kotawaringin lama kekurangan guru", "62.01.03"),
    ("kolam ikan saya tercemar", ""),
    ("di kolam renang airnya keruh", ""),
    ("di kolam ikan saya ada buaya", ""),
    ("harga cabai di kolam naik terus", "62.01.03"),
    ("pasar kolam becek", "62.01.03"),
    ("di lada hitam ada kutu", ""),
    ("kampung banteng gelap gulita", "62.01.06"),
    ("huma buah apui hong lewun lalang", "62.01.03.2009"),
    ("jalan kolam ambles", "62.01.03"),
    ("lewu pandau dia tege listrik", "62.01.04.2008"),
    ("ning desa makarti jaya dalane rusak", "62.01.05.2004"),
    ("banyu naik di mendawai, rumah tarandam", "62.01.02.1003"),
    ("teng dusun 2 lada mandala jaya dalanipun risak", "62.01.05.2003"),
    ("MOHON PERHATIAN BUPATI, JALAN DESA SABUAI TIMUR RUSAK PARAH", "62.01.01.2034"),
    ("sungai pulau butuh jembatan", "62.01.06.2015"),
    ("sungai di pulau itu kotor", ""),
    ("berambai makmur jalannya becek", "62.01.06.2013"),
    ("sp berambai banyak lubang", "62.01.06.2010"),
    ("batu belamn air asin masuk sumur", "62.01.01.2009"),
    ("bumiharjo kumai ada rumah roboh", "62.01.01.2017"),
    ("tanjung terantang jembatan titian rusak", "62.01.02.2019"),
    ("medangsari pupuk subsidi telat", "62.01.02.2017"),
    ("ipuh bangun jaya tdk ada sinyal", "62.01.03.2016"),
    ("saya beli sagu di pasar harganya naik", ""),
    ("desa sagu jalan putus", "62.01.03.2017"),
    ("jalan di kumpai batu atas gang sejahtera gelap", "62.01.02.2015"),
    ("natai baru banjir selutut", "62.01.02.2018"),
    ("di natai kerbau jembatan jebol", "62.01.06.2009"),
    ("pandu senjaya ada orang gila ngamuk", "62.01.05.2002"),
    ("sumber agung air pam tidak ngalir", "62.01.05.2005"),
    ("sumberagung pangkalan lada lampu jalan mati", "62.01.05.2005"),
    ("pkl dewa jalan hancur", "62.01.05.2008"),
    ("pangkalan durin belum ada listrik", "62.01.05.2011"),
    ("babual boboti titian ambruk", "62.01.03.2001"),
    ("tempayung kebakaran lahan", "62.01.03.2002"),
    ("sakabulin jalan becek", "62.01.03.2003"),
    ("rungun listrik padam 3 hari", "62.01.03.2010"),
    ("nangamua belum ada bidan", "62.01.04.2001"),
    ("candi kumai jalan berlubang", "62.01.01.1011"),
    ("di candi ada rumah kosong jadi sarang narkoba", "62.01.01.1011"),
    ("wisata candi borobudur mahal", ""),
    ("tanjung harapan dermaga rusak", "62.01.01.2014"),
    ("kerumunan banteng lepas di kebun", ""),
    ("sapi banteng lepas ke jalan", ""),
    ("ada acara di gedung baru", ""),
    ("rumah sakit baru kapan dibuka", ""),
    ("pegawai baru di kantor lurah baru galak", "62.01.02.1009"),
    ("sungai hijau airnya tidak hijau lagi", "62.01.06.2011"),
    ("air sungai kuning dan bau di mulya jadi", "62.01.06.2002"),
    ("sei kuning longsor", "62.01.06.2017"),
    ("sungai bengkuang jalan rusak", "62.01.06.2016"),
    ("karangsari irigasi rusak", "62.01.06.2014"),
    ("marga mulya lampu jalan", "62.01.06.2006"),
    ("kebun agung banyak anjing liar", "62.01.06.2004"),
    ("kebon agung banyak anjing liar", "62.01.06.2004"),
    ("sungai melawen ada buaya", "62.01.05.2010"),
    ("sei tendang gorong2 mampet", "62.01.01.2010"),
    ("sungai cabang nelayan kesulitan solar", "62.01.01.2001"),
    ("teluk pulai abrasi", "62.01.01.2002"),
    ("keraya pantainya abrasi", "62.01.01.2004"),
    ("karaya jalan pantai rusak", "62.01.01.2004"),
    ("sei bedaun jembatan rusak", "62.01.01.2015"),
    ("pangkalan satu jalan berdebu", "62.01.01.2032"),
    ("rangda banjir", "62.01.02.2010"),
    ("kenambui perlu bidan desa", "62.01.02.2011"),
    ("dawak jalan putus", "62.01.03.2005"),
    ("desa lalang banjir", "62.01.03.2009"),
    ("rumput lalang tinggi di pinggir jalan", ""),
    ("sumber mukti sekolah roboh", "62.01.03.2014"),
    ("palih baru perlu jembatan", "62.01.03.2015"),
    ("gandis jalan logging", "62.01.04.2004"),
    ("sambi butuh listrik", ""),
    ("desa sambi butuh listrik", "62.01.04.2006"),
    ("nyambi kerja sambil kuliah", ""),
    ("penyombaan kebakaran", "62.01.04.2007"),
    ("panahan anak putus sekolah", ""),
    ("lomba panahan di lapangan sampuraga", ""),
    ("sungai dau banjir", "62.01.04.2011"),
    ("arut utara dianaktirikan", "62.01.04"),
    ("aruta tdk ada bbm", "62.01.04"),
    ("arsel banjir", "62.01.02"),
    ("pbun macet", "62.01.02"),
]
# fmt: on


@pytest.mark.parametrize(("text", "code"), WRITTEN)
def test_names_in_every_spelling(places: Places, text: str, code: str) -> None:
    assert places.guess(text).code == code


ELSEWHERE = (
    "lampu jalan ahmad yani kota bekasi mati",
    "RSUD di Cianjur antri dari subuh",
    "desa sukajaya kec sumedang selatan kabupaten sumedang",
    "bandara di makassar kotor",
)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_lies_in_another_regency_is_not_ours(places: Places, text: str) -> None:
    assert places.guess(text) == PlaceGuess()


def test_who_asks_names_an_office_and_no_place_of_an_incident(classifier: KeywordClassifier) -> None:
    asked = classifier.suggest("jadwal imunisasi di puskesmas sidorejo hari apa ya bu?")
    assert (asked.kind, asked.place_code) == ("permintaan_informasi", "")


def test_who_asks_about_a_road_says_where_it_is(classifier: KeywordClassifier) -> None:
    asked = classifier.suggest("mau tanya, pengaspalan jalan di kumpai batu atas mulai bulan apa ya pak?")
    assert (asked.kind, asked.place_code) == ("permintaan_informasi", "62.01.02.2015")


@given(st.text(max_size=200))
def test_any_text_is_read(places: Places, text: str) -> None:
    assert places.guess(text) == places.guess(text)


@given(st.sampled_from(NAMES), st.data())
def test_a_lost_vowel_does_not_hide_a_long_name(places: Places, name: tuple[str, str], data: st.DataObject) -> None:
    written, code = name
    at = data.draw(st.sampled_from([at for at, letter in enumerate(written) if at and letter in "aeiou"]))
    assert places.guess(f"kantor desa {written[:at]}{written[at + 1 :]} tutup").code in {code, ""}
