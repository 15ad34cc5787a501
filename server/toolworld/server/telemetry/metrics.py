"""Metrics: counts and times of calls, and figures of the store, in Prometheus' text format."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from toolworld.environments import Event
from toolworld.ground import ToolworldError, mark_failed, span
from toolworld.server.telemetry.logs import log_call, pseudonym

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Telemetry:
    """Measures the calls of one server: a span, a count, a time and a log line for each."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "toolworld_calls", "Calls by outcome.", ("environment", "outcome"), registry=self.registry
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
        """Add a gauge whose value is read whenever metrics are asked for."""
        Gauge(name, what, registry=self.registry).set_function(read)

    def call(self, environment: str, episode: str, tool: str) -> "CallReport":
        """Measure a call, for a block; whoever makes it puts its outcome in the report."""
        return CallReport(self, environment, episode, tool)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def count(self, report: "CallReport", seconds: float) -> None:
        """Count a call that is over."""
        series = self._series.get((report.environment, report.outcome))
        if series is None:  # looking one up by its labels costs more than counting
            series = self._calls.labels(report.environment, report.outcome), self._seconds.labels(report.environment)
            self._series[report.environment, report.outcome] = series
        series[0].inc()
        series[1].observe(seconds)
        if report.event is not None and report.event.injected is not None:
            self._injected.labels(report.event.injected.kind).inc()


class CallReport:
    """The outcome of a call, which is counted and logged when the block is left."""

    __slots__ = ("_episode", "_opened", "_span", "_started", "_telemetry", "_tool", "environment", "event", "outcome")

    def __init__(self, telemetry: Telemetry, environment: str, episode: str, tool: str) -> None:
        self.environment = environment
        self.outcome = "cancelled"
        self.event: Event | None = None
        self._telemetry = telemetry
        self._episode = episode
        self._tool = tool
        self._started = time.perf_counter()
        self._span = span(
            f"execute_tool {tool}",
            gen_ai__operation__name="execute_tool",
            gen_ai__tool__name=tool,
            gen_ai__tool__type="function",
            toolworld__environment=environment,
            toolworld__episode=lambda: pseudonym(episode),
        )

    def __enter__(self) -> Self:
        self._opened = self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(problem, Exception):
            self.outcome = type(problem).__name__ if isinstance(problem, ToolworldError) else "internal"
        seconds = time.perf_counter() - self._started
        if self.outcome != "ok":
            mark_failed(self._opened, self.outcome)
        self._telemetry.count(self, seconds)
        log_call(self.environment, self._episode, self._tool, self.event, self.outcome, seconds)
        self._span.__exit__(kind, problem, trace)

    def made(self, event: Event) -> None:
        """Report that the call was made and committed."""
        self.event = event
        self.outcome = "ok" if event.failure is None else event.failure.kind
