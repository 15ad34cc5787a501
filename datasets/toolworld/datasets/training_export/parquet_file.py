"""Rows as Parquet, with a schema that does not depend on them."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from toolworld.ground import JsonObject, UsageError

BATCH = 500
"""Rows that are held before they are written."""


class ParquetRows:
    """Writes rows in the one shape.

    Raises:
        UsageError: pyarrow is not installed.
    """

    def __init__(self, path: Path) -> None:
        if find_spec("pyarrow") is None:
            raise UsageError("Parquet needs pyarrow: pip install 'toolworld[parquet]'")
        self._path = path
        self._rows: list[JsonObject] = []
        self._schema = _schema()
        self._writer: Any = None

    def write(self, row: JsonObject) -> None:
        """Write a row."""
        self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        pa: Any = import_module("pyarrow")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def __enter__(self) -> Self:
        pq: Any = import_module("pyarrow.parquet")
        self._writer = pq.ParquetWriter(self._path, self._schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._rows and problem is None:
                self._flush()
        finally:
            self._writer.close()


def _schema() -> Any:
    pa: Any = import_module("pyarrow")
    text, whole = pa.string(), pa.int64()
    function = pa.struct([("name", text), ("arguments", text)])
    call = pa.struct([("id", text), ("type", text), ("function", function)])
    message = [("role", text), ("content", text), ("tool_calls", pa.list_(call)), ("tool_call_id", text)]
    info = [("index", whole), ("task", text), ("seed", whole), ("needs_user", pa.bool_()), ("split", text)]
    return pa.schema(
        [
            ("prompt", pa.list_(pa.struct([("role", text), ("content", text)]))),
            ("messages", pa.list_(pa.struct(message))),
            *((name, text) for name in ("tools", "task", "environment", "environment_version")),
            ("seed", whole),
            ("trial", whole),
            ("agent", text),
            ("outcome", text),
            ("reward", pa.float64()),
            *((name, text) for name in ("split", "data_source", "ability", "agent_name", "env_class")),
            ("reward_model", pa.struct([("style", text), ("ground_truth", text)])),
            ("reward_spec", pa.struct([("method", text), ("ground_truth", text)])),
            ("extra_info", pa.struct(info)),
        ]
    )
