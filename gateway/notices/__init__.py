"""Who is told of what, in which words, and why somebody was not."""
