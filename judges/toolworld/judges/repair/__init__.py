"""Repair of runs that are not good enough: their words by a model, or all of them played again."""
