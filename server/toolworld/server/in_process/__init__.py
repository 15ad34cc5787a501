"""Environments in this process: opened in a few lines, and as a host for rollouts."""
