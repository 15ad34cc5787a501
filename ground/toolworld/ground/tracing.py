"""OpenTelemetry spans, without cost if no collector is configured. They never carry arguments, results or keys."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

Attribute = str | int | float | bool | Callable[[], str]
"""The value of a span's attribute; a function is asked for it only if there is a collector."""

_tracer = trace.get_tracer("toolworld")
_no_span = nullcontext(trace.INVALID_SPAN)
LOOK_SECONDS = 0.01
"""How often it is looked whether a collector was configured: the look costs more than a call can spare."""


class _Collector:
    """Knows whether a collector is configured."""

    def __init__(self) -> None:
        self._is_there = False
        self._look_at = 0.0

    def is_there(self) -> bool:
        """Whether one was configured at the latest look."""
        now = monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._is_there = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        return self._is_there


_collector = _Collector()


def span(name: str, **attributes: Attribute) -> AbstractContextManager[Span]:
    """Open a span for a block; in attribute names `__` stands for a dot, as in `gen_ai__tool__name`."""
    if not _collector.is_there():
        return _no_span
    dotted = {key.replace("__", "."): value() if callable(value) else value for key, value in attributes.items()}
    # An exception's message may quote arguments or a key, so the span does not record it.
    return _tracer.start_as_current_span(name, attributes=dotted, record_exception=False)


def mark_failed(opened: Span, kind: str) -> None:
    """Mark a span as failed; `kind` is a constant such as `model_error`, never the text of an error."""
    opened.set_attribute("error.type", kind)
    opened.set_status(StatusCode.ERROR)
