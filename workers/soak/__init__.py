"""`gateway soak`: a town that lives for minutes while everything breaks, and the reckoning: lost, doubled, out of order, wrongly told."""
