"""Metrics, spans and log lines of calls."""
