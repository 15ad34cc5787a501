"""What the command tells of itself while it works: log lines on stderr, and spans where a collector is named."""

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

from opentelemetry import trace

from toolworld.ground import ToolworldError
from toolworld.server import JsonLogFormatter, TextLogFormatter

LogFormat = Literal["off", "text", "json"]
LOG_HELP = "A line on stderr for each call: off, text or json."
EXPORTER = "OTEL_TRACES_EXPORTER"


def start_logging(form: LogFormat) -> None:
    """Write log lines to stderr; with `off`, only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLogFormatter() if form == "json" else TextLogFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for noisy in (
        "uvicorn",
        "mcp",
    ):  # their warnings are about what clients send, so clients could fill a disk with them
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.getLogger("toolworld").setLevel(logging.WARNING if form == "off" else logging.INFO)


@contextmanager
def tracing() -> Generator[None]:
    """Send spans where OTEL_TRACES_EXPORTER says (`otlp` or `console`), until left; by default nowhere.

    Raises:
        ToolworldError: the variable names no exporter that is known, or the extra `otel` is not installed.
    """
    exporter = os.environ.get(EXPORTER, "none")
    if exporter == "none":
        yield
        return
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        if exporter == "otlp":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            chosen = OTLPSpanExporter()
        elif exporter == "console":
            chosen = ConsoleSpanExporter(out=sys.stderr)
        else:
            raise ToolworldError(f"{EXPORTER}={exporter} is not known; there are: otlp, console, none")
    except ImportError:
        raise ToolworldError(f"{EXPORTER}={exporter} needs the extra: pip install 'toolworld[otel]'") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "toolworld"}))
    provider.add_span_processor(BatchSpanProcessor(chosen))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
