"""What every room stands on: the error tree, JSON written one way, and files that are never half written."""

from toolworld.ground.errors import (
    AccessError,
    BindError,
    BudgetError,
    EncodingError,
    ModelError,
    RecordError,
    RolloutError,
    SimulationError,
    SpecError,
    StoreError,
    ToolworldError,
)
from toolworld.ground.files import read_bytes, write_atomically
from toolworld.ground.json import JsonObject, JsonValue, canonical, decode, digest, encode, exact_digest, same
from toolworld.ground.json_schema import JsonSchema, Schema, closed_object, referred
from toolworld.ground.lines import LineWriter, read_lines, write_lines
from toolworld.ground.memory import settle
from toolworld.ground.record import Record, parse_record
from toolworld.ground.tasks import task_group

__all__ = [
    "AccessError",
    "BindError",
    "BudgetError",
    "EncodingError",
    "JsonObject",
    "JsonSchema",
    "JsonValue",
    "LineWriter",
    "ModelError",
    "Record",
    "RecordError",
    "RolloutError",
    "Schema",
    "SimulationError",
    "SpecError",
    "StoreError",
    "ToolworldError",
    "canonical",
    "closed_object",
    "decode",
    "digest",
    "encode",
    "exact_digest",
    "parse_record",
    "read_bytes",
    "read_lines",
    "referred",
    "same",
    "settle",
    "task_group",
    "write_atomically",
    "write_lines",
]
