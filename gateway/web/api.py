"""The JSON API."""

from gateway.web.routes import Route

ROUTES: tuple[Route, ...] = ()
