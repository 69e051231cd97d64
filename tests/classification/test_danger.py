"""Emergencies ring a duty list, and secrets must not spread: both by tables of sentences."""

import pytest

from gateway.complaints.complaint import Sensitive
from workers.classification.engine import KeywordClassifier

# fmt: off
EMERGENCIES = [
    "tolong rumah tetangga kebakaran apinya sudah ke atap",
    "banjir bandang, ada anak hanyut terbawa arus",
    "KECELAKAAN bus di tikungan banyak korban luka cepat kirim ambulans",
    "istri saya pingsan dan sesak napas tolong",
    "ada orang bawa parang mengejar warga di pasar",
    "saya sudah tidak kuat, ingin mengakhiri hidup",
    "ular besar masuk rumah, ada bayi",
    "longsor menimbun dua rumah, orang masih terjebak",
]

NO_EMERGENCIES = [
    "usul pelatihan pencegahan kebakaran untuk ibu-ibu",
    "kapan jadwal simulasi gempa di sekolah",
    "jalan licin rawan kecelakaan mohon rambu",
    "setiap hujan parit meluap dan halaman tergenang",
    "bantuan korban banjir bulan lalu belum cair",
    "lampu jalan mati, takut ada begal",
    "tagihan air naik terus",
    "terima kasih damkar sudah membantu kemarin",
]

SENSITIVE = [
    # text                                                                         kind
    ("tetangga saya sering dipukul suaminya",                                      "kekerasan_seksual"),
    ("ada guru meraba murid perempuan",                                            "kekerasan_seksual"),
    ("anak tetangga disiksa dan jarang diberi makan",                              "anak"),
    ("anak saya di-bully kakak kelas",                                             "anak"),
    ("petugas loket minta uang supaya cepat",                                      "korupsi"),
    ("camat ikut kampanye calon bupati padahal ASN",                               "korupsi"),
    ("bandar sabu beroperasi di gang sebelah",                                     "narkoba"),
    ("petugas menyebut hasil tes HIV saya di depan orang",                         "kesehatan"),
    ("pengguna kursi roda ditolak naik bus",                                     "disabilitas"),
    ("jalan rusak di depan rumah",                                                 "none"),
    ("anak sekolah jatuh di jalan berlubang",                                      "none"),
    ("uang retribusi pasar naik",                                                  "none"),
    ("antrean dokter anak lama sekali",                                            "none"),
]
# fmt: on


@pytest.mark.parametrize("text", EMERGENCIES)
def test_danger_that_is_happening_is_an_emergency(classifier: KeywordClassifier, text: str) -> None:
    suggestion = classifier.suggest(text)
    assert suggestion.emergency
    assert any("darurat" in reason for reason in suggestion.reasons)


@pytest.mark.parametrize("text", NO_EMERGENCIES)
def test_wishes_risks_and_the_past_are_no_emergency(classifier: KeywordClassifier, text: str) -> None:
    assert not classifier.suggest(text).emergency


@pytest.mark.parametrize(("text", "kind"), SENSITIVE)
def test_what_must_stay_confidential(classifier: KeywordClassifier, text: str, kind: str) -> None:
    assert classifier.suggest(text).sensitive == kind


def test_a_wish_for_secrecy_is_passed_on_as_a_reason(classifier: KeywordClassifier) -> None:
    reasons = classifier.suggest("Jembatan desa rusak, tolong rahasiakan identitas saya").reasons
    assert "Pelapor meminta kerahasiaan." in reasons


def test_what_held_an_alarm_back_is_told(classifier: KeywordClassifier) -> None:
    seen = classifier.danger("usul pelatihan pencegahan kebakaran untuk ibu-ibu")
    assert not seen.emergency
    assert "kebakaran" in [hit.phrase for hit in seen.hazard]
    assert seen.score < seen.needed
    assert any(hit.weight < 0 for hit in seen.tone)


# fmt: off
LETTER = (
    "Dengan hormat, perkenankan kami warga menyampaikan keadaan lingkungan kami. Selokan di sisi kiri lapangan sudah lama dangkal dan "
    "airnya berbau. Rumput taman tinggi sekali, ayunan karatan, bangku kayu lapuk. Pos ronda tidak berpintu, papan nama gang hilang, cat "
    "balai warga mengelupas. Pedagang sayur meminta tempat yang teduh. Karang taruna ingin meminjam tenda untuk lomba bulan depan, dan "
    "kelompok ibu menanyakan jadwal posyandu keliling. Perpustakaan kecil kami kekurangan buku cerita. Bak sampah di ujung gang penuh "
    "setiap hari Senin. Tiang bendera lapangan miring, keran di mushala menetes, dan jam dinding balai warga berhenti. Kami juga mengusulkan "
    "kursus menjahit, pelatihan membuat kue, serta bibit cabai untuk pekarangan. Jembatan kayu kecil perlu papan baru. Demikian pula halaman "
    "parkir puskesmas, yang becek bila hujan, mohon diberi kerikil supaya lansia tidak terpeleset. Terima kasih atas perhatian Bapak dan Ibu. "
)
# fmt: on
ENDINGS = (
    # what stands at the end                                     emergency   sensitive
    ("Tolong, rumah tetangga kebakaran, apinya sudah ke atap", True, Sensitive.NONE),
    ("Anak tetangga disiksa dan jarang diberi makan", None, Sensitive.ANAK),
    ("Salam hangat dari kami semua", False, Sensitive.NONE),
)  # fmt: skip


@pytest.mark.parametrize("words", [40, 100, 134, 268, 804])
@pytest.mark.parametrize(("ending", "emergency", "sensitive"), ENDINGS)
def test_danger_at_the_end_of_a_letter_is_seen(
    classifier: KeywordClassifier, words: int, ending: str, emergency: bool | None, sensitive: Sensitive
) -> None:
    found = classifier.suggest(" ".join([*(LETTER * 6).split()[:words], ending]))
    assert found.sensitive == sensitive
    assert emergency in {None, found.emergency}
    assert bool(found.hazard) == found.emergency
    assert found.topics
