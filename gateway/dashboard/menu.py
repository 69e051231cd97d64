"""The screens of staff: path -> `"module:function"`, who may enter, and the name in the menu.

A screen is a module here, its template in templates/, and its rows in this table; it is imported when first looked at.
Rows with a `title` stand in the menu, in this order, those of a `part` together where its first one stands; `/admin` leads
to the first one of a role. A row without `roles`
would stand open to everybody: there is none (SECURITY § 10, default deny).
"""

from gateway.complaints.complaint import DATA_KEEPERS, Role
from gateway.complaints.identity import OPENERS
from gateway.people import leaves
from gateway.web.routes import CASE_READERS, CHANNEL_READERS, CHANNEL_WORKERS, COORDINATION, STAFF, Route

HERE = "gateway.dashboard."
DECIDERS = frozenset({Role.COORDINATOR})
WORDING = frozenset({Role.COORDINATOR, Role.SYSTEM_ADMIN})
AUDIT_VERIFIERS = frozenset({Role.PRIVACY_OFFICER, Role.SYSTEM_ADMIN})
RETENTION_READERS = DATA_KEEPERS | {Role.SYSTEM_ADMIN}
AUDIT_READERS = AUDIT_VERIFIERS | {Role.COORDINATOR}
"""A coordinator reads their own lines only."""

TECHNICIANS = frozenset({Role.SYSTEM_ADMIN})
TECHNICAL = TECHNICIANS | {Role.PRIVACY_OFFICER}
"""What other programs may do: set by one role, looked over by the other."""
TEAM_KEEPERS = frozenset({Role.COORDINATOR, Role.SYSTEM_ADMIN})
TEAM_WATCHERS = leaves.OF_ALL | leaves.OF_THEIR_OWN
COVERAGE_READERS = TEAM_WATCHERS | {Role.REGIONAL_HEAD, Role.EVALUATOR}
"""Whether a unit can be told is no secret; what it shows of people is their position."""
MODEL_CHOOSERS = frozenset({Role.COORDINATOR, Role.SYSTEM_ADMIN})
MODEL_READERS = MODEL_CHOOSERS | {Role.EVALUATOR, Role.PRIVACY_OFFICER}
"""Codes and counts, no words; complaints are opened by those who may open them anyway."""

SCREENS: tuple[Route, ...] = (
    Route("GET", "/admin/beranda", f"{HERE}start:show", roles=STAFF, title="admin.start.menu"),
    Route("GET", "/admin/aduan", f"{HERE}complaints:show", roles=CASE_READERS, title="admin.complaints.menu"),
    Route("GET", "/admin/aduan/ditahan", f"{HERE}held:show", roles=COORDINATION),
    # for whom there is no export there is no such address: the handlers answer 404
    Route("GET", "/admin/aduan/ekspor", f"{HERE}export:ask", roles=STAFF),
    Route("POST", "/admin/aduan/ekspor", f"{HERE}export:take", roles=STAFF),
    Route("POST", "/admin/aduan/bersama", f"{HERE}together:act", roles=DECIDERS),
    Route("GET", "/admin/insiden", f"{HERE}incidents:show", roles=DECIDERS, title="admin.incident.menu"),
    Route("POST", "/admin/insiden", f"{HERE}incidents:gather", roles=DECIDERS),
    Route("POST", "/admin/insiden/kabar", f"{HERE}incidents:begin_line", roles=DECIDERS),
    Route("POST", "/admin/insiden/kabar/akhiri", f"{HERE}incidents:end_line", roles=DECIDERS),
    # one complaint: the handlers themselves answer 404 to roles that have none
    Route("GET", "/admin/aduan/{tiket}", f"{HERE}complaint:show", roles=STAFF),
    Route("POST", "/admin/aduan/{tiket}/aksi/{aksi}", f"{HERE}complaint_act:act", roles=STAFF, files=True),
    Route("POST", "/admin/aduan/{tiket}/topik", f"{HERE}complaint_topic:correct", roles=STAFF),
    Route("POST", "/admin/aduan/{tiket}/perbaiki/{apa}", f"{HERE}complaint_taps:correct", roles=STAFF),
    Route("POST", "/admin/aduan/{tiket}/urungkan", f"{HERE}complaint_act:undo", roles=STAFF),
    Route("POST", "/admin/aduan/{tiket}/asli", f"{HERE}complaint:show_original", roles=STAFF),
    # systems of record by hand, tasks
    Route("GET", "/admin/sp4n/jembatan", f"{HERE}bridge:listing", roles=COORDINATION, title="admin.bridge.menu"),
    Route("POST", "/admin/sp4n/jembatan/ekspor", f"{HERE}bridge:take", roles=DECIDERS),
    Route("GET", "/admin/sp4n/jembatan/{id}", f"{HERE}bridge:show", roles=COORDINATION),
    Route("GET", "/admin/sp4n/jembatan/{id}/lampiran.zip", f"{HERE}bridge:files", roles=COORDINATION),
    Route("POST", "/admin/sp4n/jembatan/{id}/{aksi}", f"{HERE}bridge:act", roles=COORDINATION),
    Route("GET", "/admin/sp4n/impor", f"{HERE}status_import:ask", roles=COORDINATION),
    Route("POST", "/admin/sp4n/impor", f"{HERE}status_import:look", roles=COORDINATION, files=True),
    Route("POST", "/admin/sp4n/impor/terapkan", f"{HERE}status_import:take", roles=COORDINATION),
    Route("GET", "/admin/sp4n/induk", f"{HERE}masters:show", roles=COORDINATION),
    Route("POST", "/admin/sp4n/induk", f"{HERE}masters:take", roles=COORDINATION, files=True),
    Route("POST", "/admin/sp4n/induk/ambil", f"{HERE}masters:fetch", roles=COORDINATION),
    Route("GET", "/admin/sp4n/beda/{id}", f"{HERE}differences:show", roles=DECIDERS),
    Route("POST", "/admin/sp4n/beda/{id}/{pilihan}", f"{HERE}differences:decide", roles=DECIDERS),
    Route("GET", "/admin/tugas", f"{HERE}tasks:show", roles=COORDINATION, title="admin.task.menu"),
    Route("POST", "/admin/tugas", f"{HERE}tasks:done", roles=COORDINATION),
    # channels
    Route("GET", "/admin/kanal", f"{HERE}channels:show", roles=CHANNEL_READERS, title="admin.channels.menu"),
    Route("GET", "/admin/kanal/ekspor", f"{HERE}channels:take", roles=CHANNEL_READERS),
    Route("GET", "/admin/kanal/biaya", f"{HERE}channel_costs:show", roles=CHANNEL_READERS),
    Route("GET", "/admin/kanal/biaya/ekspor", f"{HERE}channel_costs:take", roles=CHANNEL_READERS),
    Route("GET", "/admin/kanal/{nama}", f"{HERE}channel:show", roles=CHANNEL_READERS),
    Route("GET", "/admin/kanal/{nama}/alihkan", f"{HERE}divert:ask", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/kanal/{nama}/alihkan", f"{HERE}divert:act", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/kanal/{nama}/{aksi}", f"{HERE}channel:ask", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/kanal/{nama}/{aksi}", f"{HERE}channel:act", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/berhenti", f"{HERE}opt_outs:show", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/berhenti", f"{HERE}opt_outs:decide", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/karantina", f"{HERE}quarantine:listing", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/karantina/{id}", f"{HERE}quarantine:show", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/karantina/{id}/proses-ulang", f"{HERE}quarantine:reprocess", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/karantina/{id}/abaikan", f"{HERE}quarantine:dismiss", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/pengiriman", f"{HERE}dispatch:show", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/pengiriman", f"{HERE}dispatch:decide", roles=CHANNEL_WORKERS),
    # units, their teams and ladders; an officer sees their own and those below it
    Route("GET", "/admin/opd", f"{HERE}units:listing", roles=TEAM_WATCHERS, title="units.menu", part="team"),
    Route("GET", "/admin/opd/{kode}", f"{HERE}units:show", roles=TEAM_WATCHERS),
    Route("POST", "/admin/opd/{kode}/cuti", f"{HERE}units:add_leave", roles=TEAM_WATCHERS),
    Route("POST", "/admin/opd/{kode}/cuti/{id}/hapus", f"{HERE}units:remove_leave", roles=TEAM_WATCHERS),
    Route(
        "GET", "/admin/mutu/cakupan", f"{HERE}coverage:show", roles=COVERAGE_READERS, title="coverage.menu", part="team"
    ),
    Route("GET", "/admin/mutu/cakupan/ekspor", f"{HERE}coverage:take", roles=COVERAGE_READERS),
    # how good the classifier is, and which version of it serves
    Route(
        "GET",
        "/admin/mutu/pengklasifikasi",
        f"{HERE}classifier:show",
        roles=MODEL_READERS,
        title="classifier.menu",
        part="system",
    ),
    Route("GET", "/admin/mutu/pengklasifikasi/model/{id}", f"{HERE}classifier:show_card", roles=MODEL_READERS),
    Route("POST", "/admin/mutu/pengklasifikasi/versi/{aksi}", f"{HERE}classifier:choose", roles=MODEL_CHOOSERS),
    Route("POST", "/admin/mutu/pengklasifikasi/nyalakan", f"{HERE}classifier:switch_on", roles=MODEL_CHOOSERS),
    # who signs in by which mandate
    Route("GET", "/admin/akun", f"{HERE}staff_accounts:listing", roles=TEAM_KEEPERS, title="account.menu", part="team"),
    Route("GET", "/admin/akun/{id}", f"{HERE}staff_accounts:show", roles=TEAM_KEEPERS),
    Route("POST", "/admin/akun/{id}/ikat", f"{HERE}staff_accounts:bind", roles=TEAM_KEEPERS),
    Route("POST", "/admin/akun/{id}/lepas", f"{HERE}staff_accounts:unbind", roles=TEAM_KEEPERS),
    # other programs
    Route("GET", "/admin/webhook", f"{HERE}hooks:show", roles=TECHNICAL, title="admin.hook.menu", part="system"),
    Route("POST", "/admin/webhook", f"{HERE}hooks:register", roles=TECHNICIANS),
    Route("GET", "/admin/webhook/{id}", f"{HERE}hooks:show_one", roles=TECHNICAL),
    Route("POST", "/admin/webhook/{id}/{aksi}", f"{HERE}hooks:act", roles=TECHNICIANS),
    Route("GET", "/admin/token", f"{HERE}api_tokens:show", roles=TECHNICAL, title="admin.token.menu", part="system"),
    Route("POST", "/admin/token", f"{HERE}api_tokens:make", roles=TECHNICIANS),
    Route("POST", "/admin/token/{id}/cabut", f"{HERE}api_tokens:revoke", roles=TECHNICIANS),
    # the words of notices and answers
    Route("GET", "/admin/teks", f"{HERE}texts:listing", roles=WORDING, title="admin.text.menu", part="system"),
    Route("GET", "/admin/teks/{kunci}", f"{HERE}texts:show", roles=WORDING),
    Route("POST", "/admin/teks/{kunci}", f"{HERE}texts:save", roles=WORDING),
    Route("POST", "/admin/teks/{kunci}/kembali", f"{HERE}texts:restore", roles=WORDING),
    # which notices go to whom
    Route(
        "GET", "/admin/pemberitahuan", f"{HERE}notice_rules:listing", roles=WORDING, title="rule.menu", part="system"
    ),
    Route("GET", "/admin/pemberitahuan/{kunci}/{siapa}", f"{HERE}notice_rules:show", roles=WORDING),
    Route("POST", "/admin/pemberitahuan/{kunci}/{siapa}", f"{HERE}notice_rules:save", roles=WORDING),
    # what is forgotten, on request and by time; the handlers show requests to the privacy officer alone
    Route(
        "GET", "/admin/privasi", f"{HERE}privacy:show", roles=RETENTION_READERS, title="admin.privacy.menu", part="data"
    ),
    Route("POST", "/admin/privasi/permintaan", f"{HERE}privacy:note", roles=DATA_KEEPERS),
    Route("POST", "/admin/privasi/permintaan/{id}/berkas", f"{HERE}privacy:take", roles=DATA_KEEPERS),
    Route("POST", "/admin/privasi/permintaan/{id}/{aksi}", f"{HERE}privacy:decide", roles=DATA_KEEPERS),
    Route("POST", "/admin/privasi/tahan", f"{HERE}privacy:hold", roles=DATA_KEEPERS),
    Route("POST", "/admin/privasi/lepas", f"{HERE}privacy:release", roles=DATA_KEEPERS),
    # what came into wrong hands, and who was told of it
    Route(
        "GET",
        "/admin/privasi/pelanggaran",
        f"{HERE}breaches:listing",
        roles=DATA_KEEPERS,
        title="breach.menu",
        part="data",
    ),
    Route("POST", "/admin/privasi/pelanggaran", f"{HERE}breaches:note", roles=DATA_KEEPERS),
    Route("GET", "/admin/privasi/pelanggaran/{id}", f"{HERE}breaches:show", roles=DATA_KEEPERS),
    Route("GET", "/admin/privasi/pelanggaran/{id}/surat", f"{HERE}breaches:letter", roles=DATA_KEEPERS),
    Route("POST", "/admin/privasi/pelanggaran/{id}/{aksi}", f"{HERE}breaches:act", roles=DATA_KEEPERS),
    # who wanted to know who somebody is
    Route("GET", "/admin/identitas", f"{HERE}identities:listing", roles=OPENERS, title="identity.menu", part="data"),
    Route("POST", "/admin/identitas", f"{HERE}identities:ask", roles=OPENERS),
    Route("GET", "/admin/identitas/{id}", f"{HERE}identities:show", roles=OPENERS),
    Route("POST", "/admin/identitas/{id}/{aksi}", f"{HERE}identities:act", roles=OPENERS),
    # the record of deeds
    Route("GET", "/admin/audit", f"{HERE}audit:show", roles=AUDIT_READERS, title="admin.audit.menu", part="data"),
    Route("POST", "/admin/audit", f"{HERE}audit:verify", roles=AUDIT_VERIFIERS),
)
