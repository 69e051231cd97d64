"""What people of the month write about, as a table; none of it means anything but a report."""

from dataclasses import dataclass
from datetime import timedelta

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


@dataclass(frozen=True, slots=True)
class Event:
    """Something that many report within hours. `day`: of the month, a working one; `office`: whose work it is."""

    day: int
    text: str
    office: str


EVENTS = (
    Event(2, "Drainase meluap dan jalan terendam setinggi lutut di Kelurahan Baru sejak tadi pagi", "PUPR"),
    Event(16, "Sampah di TPS Kelurahan Mendawai tumpah menutup jalan dan baunya menyengat", "DLH"),
)
BEGINS = timedelta(hours=9, minutes=10)
"""Local time of an event."""
LEAST, CROWD = 6, 20
"""One in so many reports is about the same event; of fewer than the least nobody would gather them."""


def events_of(count: int, days: int) -> tuple[Event, ...]:
    """What happens in a month of so many reports: nothing where too few would speak of it, or it would be too late."""
    found = tuple(event for event in EVENTS if event.day < days - 3)
    return found if count >= 2 * len(found) * LEAST else ()


def event_of(number: int, count: int, days: int) -> Event | None:
    """What the last of the citizens report together."""
    events, crowd = events_of(count, days), max(LEAST, count // CROWD)
    at = (count - 1 - number) // crowd
    return events[at] if at < len(events) else None


def matter_of(number: int, choice: int) -> Matter:
    """What report `number` is about; `choice` decides among the usual ones."""
    for matter, every in ((EMERGENCY, EMERGENCY_EVERY), (CONFLICT, CONFLICT_EVERY), (SPAM, SPAM_EVERY)):
        if number % every == OFFSET - (every // 10):
            return matter
    drawn = [matter for matter in USUAL for _ in range(matter.share)]
    return drawn[choice % len(drawn)]


def words_of(number: int, choice: int, event: Event | None = None) -> str:
    """No two alike: each names a lane that no other has."""
    matter, lane = matter_of(number, choice), lane_of(number + 400)
    if event is None and matter is SPAM:
        return matter.text + lane
    return f"{event.text if event else matter.text}, Jl Melati RT {number % 9 + 1} gang {lane}"
