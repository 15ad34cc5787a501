"""The form that an answer must have: one JSON Schema, told to a decoder in its dialect, and checked in full after.

Engines differ in the keywords that they know, and some ignore in silence those that they do not. So
a schema is *tightened* to what decoders can do, the answer is *restored* to the shape that was asked
for, and then it is held against the original schema.
"""

import json
import re
from functools import cached_property

from toolworld.ground import EncodingError, JsonSchema, JsonValue, Schema, decode, encode, exact_digest
from toolworld.llm.formats.schema_dialects import Dialect, DialectSchema, to_dialect

_DECODER = json.JSONDecoder()


class ResponseFormat:
    """A JSON Schema for answers; its root must be an object.

    Raises:
        SpecError: it is not a valid schema.
    """

    def __init__(self, schema: JsonSchema, name: str = "answer") -> None:
        self.schema = schema
        self.name = name
        self._whole = Schema(schema, f"the response format {name}")
        self._tight: dict[Dialect, DialectSchema] = {}
        self.digest = exact_digest(schema)

    def in_dialect(self, dialect: Dialect) -> DialectSchema:
        """Give the schema as a kind of decoder takes it."""
        if dialect not in self._tight:
            self._tight[dialect] = to_dialect(self.schema, dialect)
        return self._tight[dialect]

    @cached_property
    def size(self) -> int:
        """The most bytes that a decoder is told of it, in any dialect."""
        dialects: tuple[Dialect, ...] = ("strict", "schema", "small")
        return max(len(encode(one)) for one in (self.schema, *(self.in_dialect(name).schema for name in dialects)))

    def read(self, text: str, dialect: Dialect | None = None) -> tuple[JsonValue, str | None]:
        """Read an answer.

        Args:
            dialect: The one that the decoder was given the schema in; None where it was given none.

        Returns:
            The value in the original shape, and what is wrong with it (then the value is None).
        """
        try:
            value = decode(_json_in(text))
        except EncodingError as problem:
            return None, f"it must be one JSON object: {problem}"
        restored = self.in_dialect(dialect).restore(value) if dialect else value
        problem = self._whole.error_in(restored)
        if problem and dialect and self._whole.error_in(value) is None:
            return value, None  # the engine was told one shape and kept to the other, which is right too
        return (None, problem) if problem else (restored, None)


def _json_in(text: str) -> str:
    """Take a JSON object out of the words, fences and thoughts that models put around it."""
    stripped = re.sub(r"^\s*<think>.*?</think>", "", text, flags=re.DOTALL).strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        return stripped
    for start in re.finditer(r"\{", stripped):
        try:
            _, end = _DECODER.raw_decode(stripped, start.start())
        except ValueError:
            continue
        return stripped[start.start() : end]
    return stripped
