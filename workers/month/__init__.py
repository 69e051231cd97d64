"""A month of an office on the virtual clock, with everybody in it: see docs/develop/month.md."""
