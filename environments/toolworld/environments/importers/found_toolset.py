"""What an importer yields: toolsets, and for each item of the source whether it came in, mended or not, or why not."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from toolworld.environments.behaviour.language import BUILTIN_FUNCTIONS, HOST_FUNCTIONS
from toolworld.environments.normaliser.constraints import constraints_of
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Operation, Parameter, Place, Toolset
from toolworld.environments.normaliser.words import identifier, word_set
from toolworld.environments.spec.tool import DocumentedError, Effect
from toolworld.ground import JsonSchema, JsonValue, Record

MAX_FILE_BYTES = 64 << 20
"""How large a file may be that is imported."""
TWICE = "the same tool stands there more than once; the first is taken"
"""Why a tool that was read already is refused."""
MAX_TOOLS = 60
"""How many tools an environment gets unless more are asked for; of a larger document, some resources are drawn."""
_PYTHON_WORDS = """and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield none true false match case type"""
_LOCAL_NAMES = word_set("each new_values row row_key rows_found rows_total")
"""What compiled functions call their own values."""
_NEVER_CALLED = word_set(
    "abs add_days add_minutes all bool enumerate find float max min range reversed sum tuple weekday zip"
)
"""Functions that no compiled function of a tool calls itself, so that its parameters may have their names."""
_CALLED = (BUILTIN_FUNCTIONS | frozenset(HOST_FUNCTIONS)) - _NEVER_CALLED
_RESERVED = frozenset(_PYTHON_WORDS.split()) | _CALLED | _LOCAL_NAMES
"""Names that a parameter of a program cannot have."""


class ImportedItem(Record):
    """One item of the source: a tool, or a file that holds none."""

    item: str
    """Where it stands: the file, and its name in there."""
    outcome: Literal["imported", "refused"]
    environment: str | None = None
    """The environment that it became part of."""
    mends: dict[str, int] = Field(default_factory=dict)
    """What was changed, by kind, and how often."""
    why: str | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class FoundToolset:
    """A toolset that an importer found, with a line for each of its items; None where nothing of it can be used."""

    toolset: Toolset | None
    items: tuple[ImportedItem, ...]


@dataclass(slots=True)
class OperationDraft:
    """An operation while its document is read."""

    original: str
    description: str = ""
    method: str | None = None
    path: str | None = None
    response: JsonSchema = field(default_factory=dict[str, JsonValue])
    mends: Counter[str] = field(default_factory=Counter[str])
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    errors: tuple[DocumentedError, ...] = ()
    stated_effect: Effect | None = None

    def add(self, name: str, schema: JsonValue, *, required: bool, place: Place = "argument") -> None:
        """Add a parameter; its name is made safe, and unique in the operation."""
        safe = safe_name(name, {one.name for one in self.parameters})
        if safe != name:
            self.mends["a name was made an identifier"] += 1
        shape = mended(schema, self.mends)
        for one in constraints_of(shape):
            shape[one.keyword] = one.value
            quotes = shape.setdefault("x-stated", {})
            if isinstance(quotes, dict):
                quotes[one.keyword] = one.quote
            self.mends["a constraint was read from prose"] += 1
        if required and "default" in shape:
            del shape["default"]
            self.mends["a default of a required parameter became an example"] += 1
        self.parameters.append(Parameter(safe, name, shape, required, place))


def safe_name(name: str, taken: Iterable[str], fallback: str = "value") -> str:
    """A name as an identifier that is no word of the language, and not taken yet."""
    safe = name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,59}", name) else identifier(name, fallback)
    if safe.lower() in _RESERVED:
        safe = f"{safe}_{fallback}"
    used, number, unique = {*taken}, 1, safe
    while unique in used:
        number += 1
        unique = f"{safe}_{number}"
    return unique


def finished(
    drafts: Iterable[tuple[str, OperationDraft]], environment: str
) -> tuple[tuple[Operation, ...], list[ImportedItem]]:
    """The drafts as operations with names of their own, and a line of the report for each.

    Args:
        drafts: Each draft with the place where it stands.
        environment: The id of the environment that they become part of.
    """
    operations: list[Operation] = []
    items: list[ImportedItem] = []
    names: set[str] = set()
    functions: set[str] = set()
    for place, draft in drafts:
        name = _tool_name(draft.original, names)
        function = safe_name(name, functions, "tool")
        names.add(name)
        functions.add(function)
        if name != draft.original:
            draft.mends["a name was made an identifier"] += 1
        operations.append(
            Operation(
                name=name,
                original=draft.original,
                description=draft.description.strip()[:2000],
                parameters=tuple(draft.parameters),
                response=draft.response,
                errors=draft.errors,
                stated_effect=draft.stated_effect,
                method=draft.method,
                path=draft.path,
                function="" if function == name else function,
            )
        )
        items.append(ImportedItem(item=place, outcome="imported", environment=environment, mends=dict(draft.mends)))
    return tuple(operations), items


def _tool_name(original: str, taken: set[str]) -> str:
    """The name of a tool: the original one, where MCP allows it and no other has it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", original) and original not in taken:
        return original
    return safe_name(original, taken, "tool")


def environment_id(text: str) -> str:
    """An id of an environment, made of a title or a file's name."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:90].strip("-")
    return plain or "toolset"


def refused(place: str, why: str) -> FoundToolset:
    """A file or item of which nothing can be used."""
    return FoundToolset(None, (ImportedItem(item=place, outcome="refused", why=why),))


def text_of(value: JsonValue) -> str:
    """A text of a document; anything else is empty."""
    return value if isinstance(value, str) else ""


def object_of(value: JsonValue) -> Mapping[str, JsonValue]:
    """An object of a document; anything else is empty."""
    return value if isinstance(value, dict) else {}


def list_of(value: JsonValue) -> list[JsonValue]:
    """A list of a document; anything else is empty."""
    return value if isinstance(value, list) else []
