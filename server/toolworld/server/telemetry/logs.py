"""Log lines: one for each call, without a secret in it.

An episode's id opens its tools, so it never stands in a log or span: a short digest stands for it.
Arguments and results are content and stay in the store.
"""

import hashlib
import logging

import orjson

from toolworld.environments import Event

CALLS = logging.getLogger("toolworld.calls")


class JsonLogFormatter(logging.Formatter):
    """Formats a log record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {"at": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        fields = record.args if isinstance(record.args, dict) else {}
        line["message"] = record.msg if fields else record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return orjson.dumps({**line, **fields}, default=str).decode()


class TextLogFormatter(logging.Formatter):
    """Formats a log record as one line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = record.args if isinstance(record.args, dict) else {}
        figures = "".join(f" {key}={value}" for key, value in fields.items())
        text = f"{record.msg}{figures}" if fields else super().format(record)
        return f"{self.formatTime(record)} {record.levelname.lower()} {text}"


def pseudonym(episode: str) -> str:
    """A short digest that stands for an episode's id where others may read."""
    return hashlib.sha256(episode.encode()).hexdigest()[:12]


def log_call(environment: str, episode: str, tool: str, event: Event | None, outcome: str, seconds: float) -> None:
    """Log a call, if calls are logged."""
    if CALLS.isEnabledFor(logging.INFO):
        fields = {
            "environment": environment,
            "episode": pseudonym(episode),
            "tool": tool,
            "step": event.step if event else None,
            "outcome": outcome,
            "ms": round(seconds * 1000, 3),
        }
        CALLS.info("call", fields)
