"""Which deadlines run for a complaint, who is told when they end, and when people are left in peace."""
