"""`gateway bench`: what the gateway carries on this machine, and whether anything was lost or doubled under load."""
