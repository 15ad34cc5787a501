"""OpenTelemetry spans, without cost if no collector is configured. They never carry arguments, results or keys."""

from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

_tracer = trace.get_tracer("toolworld")


@contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Generator[Span]:
    """Open a span for the block; in attribute names `__` stands for a dot, as in `gen_ai__tool__name`."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):  # no collector is configured
        yield trace.INVALID_SPAN
        return
    dotted = {key.replace("__", "."): value for key, value in attributes.items()}
    # An exception's message may quote arguments or a key, so the span does not record it.
    with _tracer.start_as_current_span(name, attributes=dotted, record_exception=False) as opened:
        yield opened


def mark_failed(opened: Span, kind: str) -> None:
    """Mark a span as failed; `kind` is a constant such as `model_error`, never the text of an error."""
    opened.set_attribute("error.type", kind)
    opened.set_status(StatusCode.ERROR)
