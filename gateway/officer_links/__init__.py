"""What lets an officer act from outside: links, one-time codes, and what they typed so far."""
