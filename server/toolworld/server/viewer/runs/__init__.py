"""Runs at hand: their index, the filters and tallies over it, and how one of them is opened."""
