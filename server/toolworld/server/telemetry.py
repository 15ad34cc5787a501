"""What the server tells of itself: a span, a metric and a log line for each call, none of which holds a secret.

An episode's id opens its tools, so it never stands in a log or span: a short digest stands for it.
Arguments and results are content and stay in the store.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from toolworld.environments import Event
from toolworld.ground import ToolworldError, mark_failed, span

CALLS = logging.getLogger("toolworld.calls")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Telemetry:
    """Measures calls and commits of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "toolworld_calls", "Calls by what came of them.", ("environment", "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "toolworld_call_seconds",
            "Time from a call's turn to its commit.",
            ("environment",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._series: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._injected = Counter(
            "toolworld_injected_faults", "Faults put into calls on purpose.", ("kind",), registry=self.registry
        )

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Have a figure read whenever metrics are asked for."""
        Gauge(name, what, registry=self.registry).set_function(read)

    @contextmanager
    def call(self, environment: str, episode: str, tool: str) -> Generator["CallReport"]:
        """Measure a call; what came of it is told to the report."""
        report = CallReport()
        started = time.perf_counter()
        with span(
            f"execute_tool {tool}",
            gen_ai__operation__name="execute_tool",
            gen_ai__tool__name=tool,
            gen_ai__tool__type="function",
            toolworld__environment=environment,
            toolworld__episode=pseudonym(episode),
        ) as opened:
            try:
                yield report
            except Exception as problem:
                report.outcome = type(problem).__name__ if isinstance(problem, ToolworldError) else "internal"
                raise
            finally:
                seconds = time.perf_counter() - started
                if report.outcome != "ok":
                    mark_failed(opened, report.outcome)
                self._count(report, environment, seconds)
                _log(report, environment, episode, tool, seconds)

    def exposition(self) -> bytes:
        """Give all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count(self, report: "CallReport", environment: str, seconds: float) -> None:
        series = self._series.get((environment, report.outcome))
        if series is None:  # looking one up by its labels costs more than counting
            series = self._calls.labels(environment, report.outcome), self._seconds.labels(environment)
            self._series[environment, report.outcome] = series
        series[0].inc()
        series[1].observe(seconds)
        if report.event is not None and report.event.injected is not None:
            self._injected.labels(report.event.injected.kind).inc()


class CallReport:
    """What came of a call."""

    def __init__(self) -> None:
        self.outcome = "cancelled"
        self.event: Event | None = None

    def made(self, event: Event) -> None:
        """Tell that the call was made and committed."""
        self.event = event
        self.outcome = "ok" if event.failure is None else event.failure.kind


class JsonLines(logging.Formatter):
    """Writes each log record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line = {"at": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        told = record.args if isinstance(record.args, dict) else {}
        line["message"] = record.msg if told else record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return orjson.dumps({**line, **told}, default=str).decode()


class TextLines(logging.Formatter):
    """Writes each log record as one line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        told = record.args if isinstance(record.args, dict) else {}
        figures = "".join(f" {key}={value}" for key, value in told.items())
        said = f"{record.msg}{figures}" if told else super().format(record)
        return f"{self.formatTime(record)} {record.levelname.lower()} {said}"


def pseudonym(episode: str) -> str:
    """Give what stands for an episode's id where others may read."""
    return hashlib.sha256(episode.encode()).hexdigest()[:12]


def _log(report: CallReport, environment: str, episode: str, tool: str, seconds: float) -> None:
    if CALLS.isEnabledFor(logging.INFO):
        told = {
            "environment": environment,
            "episode": pseudonym(episode),
            "tool": tool,
            "step": report.event.step if report.event else None,
            "outcome": report.outcome,
            "ms": round(seconds * 1000, 3),
        }
        CALLS.info("call", told)
