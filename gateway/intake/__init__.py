"""How calls of providers become messages and complaints: kept first, committed in groups, put aside when they break us."""
