"""The response format of a request: a JSON Schema, sent to a decoder in its dialect and validated afterwards.

Engines differ in the keywords that they support, and some silently ignore the others. So a schema is
*tightened* to what decoders support, the answer is *restored* to the original shape, and the result
is validated against the original schema.
"""

import json
import re
from functools import cached_property
from itertools import islice

from toolworld.ground import EncodingError, JsonSchema, JsonValue, Schema, decode, encode, exact_digest
from toolworld.llm.formats.schema_dialects import Dialect, DialectSchema, to_dialect

_DECODER = json.JSONDecoder()
MAX_TRIES = 50
"""How many opening braces of an answer are tried: each costs time, and thousands are no prose."""


class ResponseFormat:
    """A JSON Schema for answers; its root must be an object.

    Raises:
        SpecError: it is not a valid schema.
    """

    def __init__(self, schema: JsonSchema, name: str = "answer") -> None:
        self.schema = schema
        self.name = name
        self._original = Schema(schema, f"the response format {name}")
        self._dialects: dict[Dialect, DialectSchema] = {}
        self.digest = exact_digest(schema)

    def in_dialect(self, dialect: Dialect) -> DialectSchema:
        """The schema in a dialect; each is computed once."""
        if dialect not in self._dialects:
            self._dialects[dialect] = to_dialect(self.schema, dialect)
        return self._dialects[dialect]

    @cached_property
    def size(self) -> int:
        """Size of the schema in bytes, in its longest dialect or the original: an upper bound for its prompt tokens."""
        dialects: tuple[Dialect, ...] = ("strict", "schema", "small")
        return max(len(encode(form)) for form in (self.schema, *(self.in_dialect(name).schema for name in dialects)))

    def read(self, text: str, dialect: Dialect | None = None) -> tuple[JsonValue, str | None]:
        """Parse and validate an answer.

        Args:
            text: The answer; text around the JSON object is ignored.
            dialect: The dialect in which the decoder was given the schema; None if it was not given the schema.

        Returns:
            The value in the original shape and None, or None and what is wrong with the answer.
        """
        try:
            value = decode(_extract_json(text))
        except EncodingError as problem:
            return None, f"it must be one JSON object: {problem}"
        restored = self.in_dialect(dialect).restore(value) if dialect else value
        problem = self._original.error_in(restored)
        if problem and dialect and self._original.error_in(value) is None:
            return value, None  # the engine ignored the dialect and answered in the original shape
        return (None, problem) if problem else (restored, None)


def _extract_json(text: str) -> str:
    """The first JSON object in a text, without the prose, code fences and reasoning that models put around it."""
    answer = text.rpartition("</think>")[2]  # some models think without an opening tag
    stripped = (answer if "{" in answer else text).strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        return stripped
    # Prose may contain braces too, so every opening brace is tried until a JSON object begins there.
    for start in islice(re.finditer(r"\{", stripped), MAX_TRIES):
        try:
            _, end = _DECODER.raw_decode(stripped, start.start())
        except (ValueError, RecursionError):
            continue
        return stripped[start.start() : end]
    return stripped
