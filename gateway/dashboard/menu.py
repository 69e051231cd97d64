"""The screens of staff: path -> `"module:function"`, who may enter, and the name in the menu.

A screen is a module here, its template in templates/, and its rows in this table; it is imported when first looked at.
Rows with a `title` stand in the menu, in this order; `/admin` leads to the first one of a role.
"""

from gateway.web.routes import Route

SCREENS: tuple[Route, ...] = ()
