"""Environments made from what others have published."""

from toolworld.environments.importing.tau2 import import_tau2

__all__ = ["import_tau2"]
