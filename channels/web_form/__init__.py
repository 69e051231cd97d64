"""The public form as a channel: our own page posts to it, and so do pages of others by JSON."""
