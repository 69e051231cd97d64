"""A prepared store, as an office in earnest has it."""

from tests.prepared import *  # noqa: F403 - fixtures, asked for by name
