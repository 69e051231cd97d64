"""What staff do to complaints from their screens."""
