"""Emergencies ring a duty list, and secrets must not spread: both by tables of sentences."""

import pytest

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
