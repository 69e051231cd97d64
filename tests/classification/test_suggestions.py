"""Kind, topic and agency of sentences written for these tests; they stand in no word list."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.load import load
from config.reference import Reference
from gateway.complaints.classification import Suggestion
from workers.classification.engine import KeywordClassifier
from workers.classification.linear import LinearModel, Reading, features_of
from workers.classification.wordlists import examples

# fmt: off
KINDS = [
    # text                                                                         kind
    ("Pak, tiang teras balai RW mau roboh, mohon segera diperbaiki",               "pengaduan"),
    ("dr kmrn listrik byar pet trs, kulkas sy smp rusak",                          "pengaduan"),
    ("Petugas parkir di depan toko roti minta bayar dua kali",                     "pengaduan"),
    ("Apa saja syarat mengurus akta kematian?",                                    "permintaan_informasi"),
    ("mau tanya kak, jam brp kantor dukcapil tutup hari jumat",                    "permintaan_informasi"),
    ("Bagaimana cara mendaftar pelatihan kerja menjahit?",                         "permintaan_informasi"),
    ("berapa biaya bikin kartu kuning ya",                                         "permintaan_informasi"),
    ("Usul: taman bermain di kelurahan kami ditambah perosotan",                   "aspirasi"),
    ("Semoga pemkab bisa mengadakan pasar malam UMKM tiap bulan",                  "aspirasi"),
    ("saran saya sebaiknya ada bus malam dari terminal",                           "aspirasi"),
    ("selamat pagi min",                                                           "bukan_laporan"),
    ("ok makasih",                                                                 "bukan_laporan"),
    ("coba coba tes",                                                              "bukan_laporan"),
    ("PROMO! Kredit cair cepat tanpa jaminan, hubungi 0800-000-001 sekarang",      "bukan_laporan"),
    ("menang jackpot tiap hari di situs slot kami, klik tautan ini",               "bukan_laporan"),
    ("👍👍",                                                                        "bukan_laporan"),
]

TOPICS = [
    # text                                                                         topic              agency
    ("Aspal di jalan masuk kampung kami terkelupas dan berlubang",                 "pekerjaan-umum",  "PUPR"),
    ("Titian kayu menuju dusun sebelah patah, jembatan itu satu-satunya akses",    "pekerjaan-umum",  "PUPR"),
    ("Sdh tiga hari sampah di tps dekat rumah tdk diangkut",                       "lingkungan",      "DLH"),
    ("Penerangan jalan umum di tanjakan padam total",                              "perhubungan",     "DISHUB"),
    ("Air PDAM keruh seperti teh",                                                 "energi",          "PDAM"),
    ("Obat di pustu habis dan bidannya cuti",                                      "kesehatan",       "DINKES"),
    ("Suster di rumah sakit membentak pasien rawat inap",                          "kesehatan",       "RSUD"),
    ("Cetak KTP saya tertunda dua bulan, katanya blangko kosong",                  "kependudukan",    "DISDUKCAPIL"),
    ("Murid SD harus membeli seragam di sekolah",                                  "pendidikan",      "DISDIKBUD"),
    ("Ibu saya lansia tidak pernah dapat PKH",                                     "sosial",          "DINSOS"),
    ("Pupuk subsidi tidak ada di kios",                                            "pertanian",       "DISTAN"),
    ("Upah buruh kebun belum dibayar dua bulan",                                   "ketenagakerjaan", "DISNAKERTRANS"),
    ("Warung itu menjual miras sampai pagi",                                       "trantibum",       "SATPOLPP"),
    ("Kebakaran rumah di belakang masjid, tolong",                                 "trantibum",       "DAMKAR"),
    ("BLT desa tidak dibagikan kepala desa",                                       "desa",            "DPMD"),
    ("Ular kobra masuk kamar anak saya",                                           "hewan-liar",      "DAMKAR"),
    ("Oknum pegawai minta uang pelicin supaya izin keluar",                        "politik-hukum",   "INSPEKTORAT"),
    ("PBB tanah saya salah alamat, SPPT tidak sampai",                             "ekonomi-keuangan", "BAPENDA"),
    ("There is a big pothole on the road near the school",                         "pekerjaan-umum",  "PUPR"),
]

OUTSIDE = [
    # text                                                                         body
    ("Tiang listrik PLN miring dan kabelnya menjuntai",                            "PLN"),
    ("Sertifikat tanah saya di BPN tidak selesai sejak lima tahun",                "BPN"),
    ("Motor saya dicuri maling di depan rumah",                                    "POLRES"),
    ("Jalan provinsi arah kota amblas separuh badan",                              "PUPR-PROV"),
    ("Guru SMK negeri jarang mengajar",                                            "DISDIK-PROV"),
    ("SPBU selalu kehabisan solar, antre berjam-jam",                              "PERTAMINA"),
    ("Sinyal Telkomsel lenyap sejak badai",                                        "OPERATOR"),
    ("Kartu BPJS saya nonaktif padahal iuran lancar",                              "BPJS-KES"),
    ("Diancam debt collector pinjaman online",                                     "OJK"),
    ("Kuota haji kami dipindah tanpa pemberitahuan",                               "KEMENAG"),
]

INSIDE = [
    "Jalan depan SMA negeri berlubang dan gelap",
    "Parkir liar di depan kantor polisi bikin macet",
    "Limbah dari bengkel dekat bank mencemari parit",
    "Gaji honorer puskesmas belum dibayar",
]
# fmt: on

FOUR_AGENCIES = """
schema = 1
region = "62.01"
timezone = "Asia/Pontianak"
coordinator = "HUMAS"
conflict_of_interest = "PENGAWAS"

[[agency]]
code = "BINAMARGA"
name = "Dinas Bina Marga"
kind = "dinas"
accepts = true
topics = ["pekerjaan-umum"]
keywords = ["jalan", "lubang", "trotoar"]

[[agency]]
code = "KEBERSIHAN"
name = "Dinas Kebersihan"
kind = "dinas"
accepts = true
topics = ["lingkungan"]
keywords = ["sampah", "selokan"]

[[agency]]
code = "HUMAS"
name = "Bagian Humas"
kind = "bagian"
accepts = true
topics = ["lainnya"]
keywords = ["siaran pers"]

[[agency]]
code = "PENGAWAS"
name = "Badan Pengawas"
kind = "inspektorat"
accepts = true
topics = []
keywords = ["pungli"]

[[agency]]
code = "TUTUP"
name = "Dinas yang tidak menerima"
kind = "dinas"
accepts = false
topics = ["kesehatan"]
keywords = ["puskesmas"]
"""

OTHER_GOVERNMENT = [
    # text                                          agency
    ("Trotoar di alun-alun pecah",                  "BINAMARGA"),
    ("Sampah menumpuk di selokan",                  "KEBERSIHAN"),
    ("Ada pungli di loket",                         "PENGAWAS"),
    ("Puskesmas tutup terus",                       ""),
    ("KTP saya belum jadi",                         ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def other_government(tmp_path_factory: pytest.TempPathFactory) -> KeywordClassifier:
    file = Path(tmp_path_factory.mktemp("data")) / "agencies.toml"
    file.write_text(FOUR_AGENCIES, encoding="utf-8")
    return KeywordClassifier(Reference.load(replace(load(environ={}).data, agencies=str(file))))


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_what_the_sender_wants(classifier: KeywordClassifier, text: str, kind: str) -> None:
    assert classifier.suggest(text).kind == kind


@pytest.mark.parametrize(("text", "topic", "agency"), TOPICS)
def test_what_it_is_about_and_whose_it_is(classifier: KeywordClassifier, text: str, topic: str, agency: str) -> None:
    suggestion = classifier.suggest(text)
    assert (suggestion.topic, suggestion.agency) == (topic, agency)
    assert not suggestion.out_of_authority


@pytest.mark.parametrize(("text", "body"), OUTSIDE)
def test_what_belongs_to_others_is_named_and_marked(classifier: KeywordClassifier, text: str, body: str) -> None:
    suggestion = classifier.suggest(text)
    assert suggestion.agency == body
    assert suggestion.out_of_authority
    assert any("luar kewenangan" in reason for reason in suggestion.reasons)


@pytest.mark.parametrize("text", INSIDE)
def test_a_word_of_another_body_alone_takes_nothing_away(classifier: KeywordClassifier, text: str) -> None:
    assert not classifier.suggest(text).out_of_authority


@pytest.mark.parametrize(("text", "agency"), OTHER_GOVERNMENT)
def test_another_governments_agencies_follow_their_own_words(
    other_government: KeywordClassifier, text: str, agency: str
) -> None:
    suggestion = other_government.suggest(text)
    assert suggestion.agency == agency
    assert {one.code for one in suggestion.agencies} <= {"BINAMARGA", "KEBERSIHAN", "HUMAS", "PENGAWAS"}


def test_the_office_of_the_named_kelurahan_is_suggested(classifier: KeywordClassifier) -> None:
    assert classifier.suggest("Lurah Madurejo tidak pernah ada di kantor lurah").agency == "KEL-MADUREJO"
    assert classifier.suggest("Camat di kecamatan Kumai sulit ditemui").agency == "KEC-KUMAI"


def test_an_accusation_goes_to_the_inspectorate_not_to_the_accused(classifier: KeywordClassifier) -> None:
    suggestion = classifier.suggest("Petugas puskesmas minta uang supaya antrean didahulukan, ini pungli")
    assert suggestion.agency == "INSPEKTORAT"


def test_best_guesses_come_first_and_are_probabilities(classifier: KeywordClassifier) -> None:
    suggestion = classifier.suggest("Jalan berlubang dan sampah menumpuk di depan puskesmas")
    for ranked in (suggestion.topics, suggestion.agencies):
        confidences = [one.confidence for one in ranked]
        assert len(ranked) == 3
        assert confidences == sorted(confidences, reverse=True)
        assert 0 < sum(confidences) <= 1.001
    assert suggestion.confidence == min(suggestion.topics[0].confidence, suggestion.agencies[0].confidence)


def test_clear_words_are_surer_than_vague_ones(classifier: KeywordClassifier) -> None:
    clear = classifier.suggest("Aspal jalan kabupaten rusak dan berlubang, gorong-gorong ambles")
    vague = classifier.suggest("Mohon perhatian untuk keadaan di kampung kami yang parah")
    assert vague.confidence < 0.5 < clear.confidence


def test_reasons_name_the_words_that_decided(classifier: KeywordClassifier) -> None:
    reasons = " ".join(classifier.suggest("Sampah di TPS Sidorejo bau busuk").reasons)
    assert "Topik lingkungan" in reasons
    assert "Dinas Lingkungan Hidup" in reasons
    assert "“sampah”" in reasons
    assert "Lokasi Sidorejo" in reasons


def test_what_is_no_report_gets_no_topic_and_no_agency(classifier: KeywordClassifier) -> None:
    suggestion = classifier.suggest("halo selamat siang")
    assert (suggestion.topics, suggestion.agencies, suggestion.place, suggestion.confidence) == ((), (), "", 0.0)


def test_a_cry_for_help_is_never_small_talk(classifier: KeywordClassifier) -> None:
    assert classifier.suggest("halo pagi, saya mau bunuh diri").kind == "pengaduan"


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "?" * 5000, "a" * 5000, "https://contoh.invalid/" * 300, "जयपुर में सड़क", "1 2 3"]
)
def test_any_text_gets_a_suggestion(classifier: KeywordClassifier, text: str) -> None:
    assert isinstance(classifier.suggest(text), Suggestion)


def test_the_same_text_always_gets_the_same_answer(reference: Reference, classifier: KeywordClassifier) -> None:
    texts = [text for text, *_ in (*KINDS, *TOPICS, *OUTSIDE)]
    again = KeywordClassifier(reference)
    assert classifier.suggest_many(texts) == [again.suggest(text) for text in reversed(texts)][::-1]


def test_no_example_sentence_is_tested_here() -> None:
    """Otherwise the tables above would only show that the lists were read."""
    written = {example.text.lower() for example in examples()}
    assert len(written) > 200
    assert written & {text.lower() for text, *_ in (*KINDS, *TOPICS, *OUTSIDE)} == set()


def test_that_it_is_for_a_body_outside_may_be_certain_where_it_is_doubtful_for_which(reference: Reference) -> None:
    both = ("PUPR", "BPJN", "PUPR-PROV")
    said = features_of({"lubuk": ((0, 400), (1, 370), (2, 370))}, {"lubuk": 1.0})
    model = LinearModel("agency", "1", both, (0, 0, 0), said, temperature=1.0)
    found = KeywordClassifier(reference, models={"agency": model}).suggest("tolong lubuk kami, sudah lama begitu terus")
    assert model.probabilities(Reading(("lubuk",)))["PUPR"] > 0.34, "the likeliest by itself"
    assert found.out_of_authority
    assert {one.code for one in found.agencies} == set(both)
