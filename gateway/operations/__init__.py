"""Signs of life of processes and machines."""
