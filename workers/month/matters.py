"""What people of the month write about, as a table; none of it means anything but a report."""

from dataclasses import dataclass

from workers.bench.messages import lane_of


@dataclass(frozen=True, slots=True)
class Matter:
    """`share`: how often among the usual ones."""

    text: str
    share: int = 1


# fmt: off
USUAL = (
    Matter("Jalan berlubang dalam di depan pasar, sudah banyak pengendara yang jatuh", 5),
    Matter("Drainase tersumbat dan air masuk ke halaman rumah setiap hujan", 4),
    Matter("Jembatan kayu menuju ladang lapuk dan papannya banyak yang hilang, mohon UPT memperbaiki", 3),
    Matter("Sampah di TPS tidak diangkut sudah lima hari dan baunya menyengat", 5),
    Matter("Lampu jalan di gang kami mati sejak minggu lalu, warga takut lewat malam hari", 4),
    Matter("Parkir liar di depan terminal membuat macet setiap pagi, rambu tidak ada", 3),
    Matter("Antrean di puskesmas lama sekali dan obat sering kosong, mohon ditambah petugas", 4),
    Matter("Atap ruang kelas sekolah dasar bocor dan guru sering tidak datang mengajar", 4),
    Matter("Pengurusan KTP elektronik sudah dua bulan tidak jadi, kartu keluarga juga belum", 4),
    Matter("Wifi di balai desa mati terus padahal internet itu untuk pelayanan", 2),
    Matter("Mohon perhatian pemerintah untuk kampung kami yang selama ini kurang diperhatikan", 2),
)
EMERGENCY = Matter("Tolong ada kebakaran sekarang di rumah tetangga kami, api besar dan ada orang di dalam")
CONFLICT = Matter("Petugas loket minta uang pungli seratus ribu untuk mengurus surat, katanya biar cepat selesai")
SPAM = Matter("https://pinjaman-cepat.example/daftar https://hadiah.example/")
# fmt: on
EMERGENCY_EVERY, CONFLICT_EVERY, SPAM_EVERY = 25, 20, 30
OFFSET = 7
"""The rare ones begin with this report, so that a short month has them too."""


def matter_of(number: int, choice: int) -> Matter:
    """What report `number` is about; `choice` decides among the usual ones."""
    for matter, every in ((EMERGENCY, EMERGENCY_EVERY), (CONFLICT, CONFLICT_EVERY), (SPAM, SPAM_EVERY)):
        if number % every == OFFSET - (every // 10):
            return matter
    drawn = [matter for matter in USUAL for _ in range(matter.share)]
    return drawn[choice % len(drawn)]


def words_of(number: int, choice: int) -> str:
    """No two alike: each names a lane that no other has."""
    matter, lane = matter_of(number, choice), lane_of(number + 400)
    return matter.text + lane if matter is SPAM else f"{matter.text}, Jl Melati RT {number % 9 + 1} gang {lane}"
