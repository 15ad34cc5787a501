"""Samples: one form for every tool-calling dataset that is measured, and readers of the formats that hold them."""
