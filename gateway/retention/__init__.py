"""What is kept for how long, what somebody may ask about their data, and who opened an identity."""
