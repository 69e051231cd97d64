"""Who did what: append-only, chained, signed."""
