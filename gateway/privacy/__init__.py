"""What a reader may see: the one exit for identity and content."""
