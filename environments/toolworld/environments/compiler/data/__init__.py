"""Believable data for the records of compiled environments."""
