"""What every room stands on: errors, JSON and JSON Schema, records and files, and structured concurrency."""

from toolworld.ground.errors import (
    BindError,
    BudgetError,
    ClosedError,
    ConflictError,
    EncodingError,
    ModelError,
    NotFoundError,
    QuarantineError,
    RecordError,
    ReplayError,
    RolloutError,
    SimulationError,
    SpecError,
    StoreError,
    ToolworldError,
    UsageError,
    reason_of,
)
from toolworld.ground.files import read_bytes, write_atomically
from toolworld.ground.gc import freeze_gc
from toolworld.ground.jobs import Checkpoint, JobCounts, run_jobs
from toolworld.ground.json import (
    JsonObject,
    JsonValue,
    canonical,
    decode,
    digest,
    encode,
    encode_joined,
    exact_digest,
    leaves,
    same,
)
from toolworld.ground.json_schema import JsonSchema, Schema, closed_object, referred
from toolworld.ground.keyed_lock import KeyedLock
from toolworld.ground.lines import LineWriter, each_line, lock_alone, read_lines, write_lines
from toolworld.ground.record import MAX_INTEGER, Integer, Record, describe_error, parse_record
from toolworld.ground.record_schema import described_schema
from toolworld.ground.secrets import (
    MASK,
    is_masked_form,
    is_secret_name,
    masked,
    masked_text,
    masked_texts,
    named_secrets,
    secrets_of,
)
from toolworld.ground.task_group import for_each, task_group
from toolworld.ground.text import cut, humanize, is_said_in, os_reason, shortened, spoken_forms, with_variables
from toolworld.ground.tls import tls_context
from toolworld.ground.tracing import mark_failed, span

__all__ = [
    # errors
    "ToolworldError",
    "UsageError",
    "SpecError",
    "RecordError",
    "EncodingError",
    "SimulationError",
    "QuarantineError",
    "ModelError",
    "BudgetError",
    "StoreError",
    "ReplayError",
    "NotFoundError",
    "ClosedError",
    "ConflictError",
    "BindError",
    "RolloutError",
    "reason_of",
    # JSON and JSON Schema
    "JsonValue",
    "JsonObject",
    "JsonSchema",
    "Schema",
    "encode",
    "encode_joined",
    "decode",
    "canonical",
    "same",
    "digest",
    "exact_digest",
    "leaves",
    "closed_object",
    "referred",
    # records and files
    "Record",
    "Integer",
    "MAX_INTEGER",
    "parse_record",
    "describe_error",
    "described_schema",
    "LineWriter",
    "each_line",
    "lock_alone",
    "read_lines",
    "write_lines",
    "read_bytes",
    "write_atomically",
    # many jobs
    "run_jobs",
    "JobCounts",
    "Checkpoint",
    # secrets
    "MASK",
    "masked",
    "masked_text",
    "masked_texts",
    "named_secrets",
    "secrets_of",
    "is_secret_name",
    "is_masked_form",
    # text
    "humanize",
    "shortened",
    "cut",
    "with_variables",
    "os_reason",
    "is_said_in",
    "spoken_forms",
    # concurrency, tracing and the process
    "task_group",
    "for_each",
    "KeyedLock",
    "tls_context",
    "span",
    "mark_failed",
    "freeze_gc",
]
