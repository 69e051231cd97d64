"""The screens of staff: path -> `"module:function"`, who may enter, and the name in the menu.

A screen is a module here, its template in templates/, and its rows in this table; it is imported when first looked at.
Rows with a `title` stand in the menu, in this order; `/admin` leads to the first one of a role. A row without `roles`
would stand open to everybody: there is none (SECURITY § 10, default deny).
"""

from gateway.web.routes import CHANNEL_READERS, CHANNEL_WORKERS, STAFF, Route

HERE = "gateway.dashboard."

SCREENS: tuple[Route, ...] = (
    Route("GET", "/admin/beranda", f"{HERE}start:show", roles=STAFF, title="admin.start.menu"),
    # channels
    Route("GET", "/admin/kanal", f"{HERE}channels:show", roles=CHANNEL_READERS, title="admin.channels.menu"),
    Route("GET", "/admin/kanal/{nama}", f"{HERE}channel:show", roles=CHANNEL_READERS),
    Route("GET", "/admin/kanal/{nama}/{aksi}", f"{HERE}channel:ask", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/kanal/{nama}/{aksi}", f"{HERE}channel:act", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/karantina", f"{HERE}quarantine:listing", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/karantina/{id}", f"{HERE}quarantine:show", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/karantina/{id}/proses-ulang", f"{HERE}quarantine:reprocess", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/karantina/{id}/abaikan", f"{HERE}quarantine:dismiss", roles=CHANNEL_WORKERS),
    Route("GET", "/admin/pengiriman", f"{HERE}dispatch:show", roles=CHANNEL_WORKERS),
    Route("POST", "/admin/pengiriman", f"{HERE}dispatch:decide", roles=CHANNEL_WORKERS),
)
