"""Agents and user proxies, scripted and by model."""
