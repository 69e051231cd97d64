"""The controls of docs/security.md are proven on what other tests stand on: a prepared store, a served site, a desk."""

from tests.prepared import *  # noqa: F403 - fixtures, asked for by name
