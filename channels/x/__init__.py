"""X: direct messages of an account, and posts that name it. Off unless a channel of this kind is set up."""
