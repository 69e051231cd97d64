"""What goes to systems of record and comes back, by machine or by hand."""
