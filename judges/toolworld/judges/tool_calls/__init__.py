"""Simulated calls of tools, of which only a judge by model can say whether they are what the tool promises."""
