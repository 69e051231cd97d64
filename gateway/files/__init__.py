"""The files of complaints: noted, cleaned, compared, swept."""
