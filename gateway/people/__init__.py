"""Contacts, accounts, agencies and their teams: who somebody is, and who is responsible at this moment."""
