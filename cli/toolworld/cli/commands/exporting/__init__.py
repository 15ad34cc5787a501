"""`toolworld export ...`."""
