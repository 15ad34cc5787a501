"""Environments made from what other projects publish."""
