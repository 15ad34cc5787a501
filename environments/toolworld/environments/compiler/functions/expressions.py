"""Expressions of compiled programs: texts, records as tools show them, and what is given to be written."""

import re
from collections.abc import Iterator

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.plan import PLAIN_TYPES, Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import words

_SAYS_KEY = re.compile(r"\b(?:id|identifier|key|number|code)\b", re.IGNORECASE)
_INDICATES = re.compile(r"\b(?:indicating|saying|stating|confirming|says)\s+(?:that\s+)?([^.\n]+)", re.IGNORECASE)
"""What a result is said to tell: `a message indicating the payment request has been sent`."""


def given_fields(plan: Plan) -> dict[str, str]:
    """The parameter that gives each field."""
    fields = ((plan.collection.field_of(one.original), one.name) for one in plan.operation.payload)
    return {field: name for field, name in fields if field is not None and name != plan.key}


def returned(plan: Plan, written: str) -> Iterator[str]:
    """Write, and return what the tool shows of it: the record, or its key where nothing is described."""
    if shows_record(plan):
        yield f"return {wrapped(plan, written)}"
        return
    yield written
    is_plain = plain_type(plan.operation.response) in PLAIN_TYPES
    if plan.template == "create" and plan.collection.key is not None and not is_plain:
        yield f"return {{{quoted(plan.collection.key)}: row_key}}"
        return
    if plan.template == "create" and returns_key(plan):
        yield f"return {'str(row_key)' if plain_type(plan.operation.response) == 'string' else 'int(row_key)'}"
        return
    yield f"return {nothing_shown(plan)}"


def returns_key(plan: Plan) -> bool:
    """Whether the one value that a tool returns is the key of what it makes."""
    kind = plain_type(plan.operation.response)
    holds = kind == "string" or (kind == "integer" and plan.collection.has_digits)
    return plan.collection.key is not None and holds and bool(_SAYS_KEY.search(response_text(plan)))


def nothing_shown(plan: Plan) -> str:
    """The expression of a result that has nothing of the record: nothing, or the sentence that a text is said to be."""
    match plain_type(plan.operation.response):
        case "string":
            said = _INDICATES.search(response_text(plan))
            is_told = said is not None and not said[1].lower().startswith(("whether", "if ", "success or"))
            text = said[1] if said is not None and is_told else f"{' '.join(words(plan.operation.original))}: done"
            return quoted(f"{text[:1].upper()}{text[1:200]}.")
        case "boolean":
            return "True"
        case _:
            return "{}"


def response_text(plan: Plan) -> str:
    """What the document says of the result."""
    return " ".join(str(plan.operation.response.get("description") or "").split())


def is_shown_by(plan: Plan, field: str) -> bool:
    """Whether a tool's result has a field of the record."""
    return field in plan.shown


def shows_record(plan: Plan) -> bool:
    return bool(plan.shown)


def one_shown(plan: Plan, record: str = "each") -> str:
    """The expression of a record as a tool shows it."""
    if len(plan.shown) >= len(plan.collection.fields):
        return f"_shown({record})"
    return f"_shown({record}, [{', '.join(map(quoted, plan.shown))}])"


def wrapped(plan: Plan, record: str) -> str:
    """The expression of a result: the record as it is shown, in the place where the document has it."""
    if plan.result_field is not None:
        return f"{record}.get({quoted(plan.result_field)})"
    shown = one_shown(plan, record)
    match plan.shape:
        case "wrapped_record":
            return around(plan, shown)
        case "wrapped_list":
            return around(plan, f"[{shown}]")
        case "list":
            return f"[{shown}]"
        case _:
            return shown


def around(plan: Plan, inner: str) -> str:
    for name in reversed(plan.reading.wrapper):
        inner = f"{{{quoted(name)}: {inner}}}"
    return inner


def finder(collection: Collection) -> str:
    """The name of the function that finds the record which a caller names."""
    return f"_one_of_{collection.name}"


def missing_line(collection: Collection, key: str) -> str:
    """The call that refuses a key which no record has: as a document says it, where one does."""
    if collection.missing is not None:
        return f"fail({quoted(collection.missing.code)}, {quoted(collection.missing.when)})"
    return f'fail("not_found", f"There is no {collection.thing} {{{key}}}.")'
