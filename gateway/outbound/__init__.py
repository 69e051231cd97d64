"""Messages on their way to people: one lane per channel and address."""
