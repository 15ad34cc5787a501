"""Metrics: counts and times of calls, and figures of the store, in Prometheus' text format."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

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

    @contextmanager
    def call(self, environment: str, episode: str, tool: str) -> Generator["CallReport"]:
        """Measure a call; whoever makes it puts its outcome in the report."""
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
                log_call(environment, episode, tool, report.event, report.outcome, seconds)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
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
    """The outcome of a call."""

    def __init__(self) -> None:
        self.outcome = "cancelled"
        self.event: Event | None = None

    def made(self, event: Event) -> None:
        """Report that the call was made and committed."""
        self.event = event
        self.outcome = "ok" if event.failure is None else event.failure.kind
