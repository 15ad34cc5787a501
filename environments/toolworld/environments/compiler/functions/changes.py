"""What a tool changes in a record that came with a state document: the fields that it is given, the status that its
name leads to, and the numbers that its verb counts or adds up."""

import re
from collections.abc import Iterator, Mapping, Sequence

from toolworld.environments.compiler.conditions.scene import field_for
from toolworld.environments.compiler.conditions.word_forms import alike
from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.statuses import ENDINGS, STATUS_NAMES, first_status, past_of, status_among
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, first_word, last_word, word_set, words

_EDITS = word_set("change edit modify put set switch update upgrade")
"""Verbs of tools that write what they are given, numbers included."""
_UNDOES = word_set("clear end lift release remove undo")
"""Verbs that lead out of the status that the name of a tool says."""
_RESUMES = word_set("reactivate reinstate restore resume")
"""Verbs that lead back to the status of a record that is in use."""
_SWITCHES = {"activate": True, "allow": True, "enable": True, "deactivate": False, "disable": False, "disallow": False}
"""Verbs that switch something on or off: `enable_roaming` sets `roaming_enabled`."""
_STATUS_VERBS = word_set(
    "accept approve archive confirm decline deliver dispatch fulfil publish reject resolve suspend"
)
"""Verbs whose past is what a record is then called: `resolve_ticket` makes it `resolved`."""
_DENIALS = re.compile(r"\b(?:not|never|cannot|without)\b")
_SAID_STATUS = re.compile(r"\bstatus\b[^.'\"`]{0,40}\b(?:changed|set|updated|moved) to ['\"`]([\w -]{2,40})['\"`]")
"""How a description says which status a tool leads to: `the status will be changed to 'cancelled'`."""
_SMALL_WORDS = word_set("at in of on the to")
_SUMS = word_set("amount quantity sum value")


def changes_of(operation: Operation, collection: Collection, key: str | None) -> dict[str, str]:
    """The new values of a record, each an expression of the program, by field.

    Args:
        operation: The tool.
        collection: The collection of the record, called `row` in the program.
        key: The parameter that holds its key.
    """
    found: dict[str, str] = {}
    for one in operation.payload:
        field = field_for(one, collection)
        if one.name != key and field is not None and field != collection.key and _is_set(one, operation):
            found[field] = one.name
    found |= {field: value for field, value in _inner(operation, collection) if field not in found}
    found |= {field: value for field, value in _status(operation, collection) if field not in found}
    found |= {field: value for field, value in _switched(operation, collection) if field not in found}
    found |= {field: value for field, value in _counted(operation, collection) if field not in found}
    return found


def _inner(operation: Operation, collection: Collection) -> Iterator[tuple[str, str]]:
    """Objects of the record, each with new values of what is inside: `city` is one of an `address`."""
    left = [one for one in operation.payload if field_for(one, collection) is None]
    for field, samples in collection.samples.items():
        names = {name for one in samples if isinstance(one, dict) for name in one}
        given = {name: one.name for one in left for name in names if compact(name) == compact(one.original)}
        if len(given) > 1:
            values = ", ".join(f"{quoted(name)}: {value}" for name, value in given.items())
            yield field, f"_with_values(row.get({quoted(field)}), _given({{{values}}}))"


def _is_set(parameter: Parameter, operation: Operation) -> bool:
    is_number = plain_type(parameter.schema) in ("integer", "number")
    return not is_number or first_word(operation.original) in _EDITS


def _status(operation: Operation, collection: Collection) -> Iterator[tuple[str, str]]:
    """The status that the name of a tool leads to, or the one that an argument names."""
    status = next((one for one in STATUS_NAMES if one in collection.values), None)
    if status is None:
        return
    values = collection.values[status]
    for one in operation.parameters:
        listed = one.schema.get("enum")
        if isinstance(listed, list) and listed and {str(value) for value in listed} <= {*values}:
            yield status, one.name
            return
    verb, rest = first_word(operation.original), words(operation.original)[1:]
    first = first_status({"enum": list(values)})
    if any(all(any(alike(word, part) for word in rest) for part in words(one)) for one in values) and verb in _UNDOES:
        yield status, quoted(first)  # `release_quarantine` leads back
        return
    named = next((one for one in values if _is_named(one, words(operation.original))), None)
    in_use = next((one for one in values if one.lower() == "active"), first) if verb in _RESUMES else None
    said = _SAID_STATUS.search(operation.description)
    said = None if said is not None and _DENIALS.search(said[0]) else said
    after = (
        (said[1] if said else None)
        or in_use
        or status_among(verb, values)
        or named
        or (first if verb.startswith("un") else None)
    )
    if after is None and (verb in ENDINGS or _tells_status(operation, verb)):
        after = past_of(verb)
        after = after.capitalize() if all(one[:1].isupper() for one in values) else after
    if after is not None:
        yield status, quoted(after)


def _tells_status(operation: Operation, verb: str) -> bool:
    """Whether a tool is called after a verb whose past is a status, and returns the status."""
    is_given = any(one.original in STATUS_NAMES for one in operation.parameters)
    returns = any(one in properties_of(operation.response) for one in STATUS_NAMES)
    return verb in _STATUS_VERBS and returns and not is_given


def _is_named(status: str, name: Sequence[str]) -> bool:
    """Whether the name of a tool says a status: `confirm_delivery` says that it is delivered.

    `return_delivered_order` does not: what stands before a noun as it is says which ones are meant.
    """
    parts = [one for one in words(status) if one not in _SMALL_WORDS]
    said = [word for place, word in enumerate(name) if word not in parts or place == len(name) - 1]
    return bool(parts) and all(any(alike(word, part) for word in said) for part in parts)


def _switched(operation: Operation, collection: Collection) -> Iterator[tuple[str, str]]:
    """The one field that a verb switches on or off, by the words that the tool's name has beside it."""
    verb, *rest = words(operation.original)
    undone = past_of(verb[2:]) if verb.startswith("un") else ""
    fields = [name for name, one in collection.fields.items() if plain_type(one) == "boolean"]
    about = {*rest} - {*collection.entity.split("_")} - _SMALL_WORDS
    if verb in _SWITCHES:
        named = [one for one in fields if about and about <= {*words(one)}]
        if len(named) == 1:
            yield named[0], str(_SWITCHES[verb])
    yield from ((one, "False") for one in fields if undone and words(one)[-1:] == (undone,))


def _counted(operation: Operation, collection: Collection) -> Iterator[tuple[str, str]]:
    """Fields that are called as what was done: `paid` is added to, `renewals` counted, and `ended` gets the day."""
    verb = first_word(operation.original)
    sums = [one for one in operation.parameters if last_word(one.original) in _SUMS]
    for field, schema in collection.fields.items():
        own = first_word(field)
        if own not in (past_of(verb), verb, f"{verb}s", f"{verb}als") or field in STATUS_NAMES:
            continue
        match plain_type(schema):
            case "number" | "integer" if sums:
                yield field, f"round(_number(row.get({quoted(field)})) + {sums[0].name}, 2)"
            case "integer":
                yield field, f"_number(row.get({quoted(field)})) + 1"
            case "boolean":
                yield field, "True"
            case "string":
                moment = moment_like(collection.samples.get(field, ()))
                if moment is not None:
                    yield field, moment
            case _:
                pass


def moment_like(samples: tuple[object, ...]) -> str | None:
    """The expression of the time of a call in the form that samples have; None where they are no times."""
    text = next((one for one in samples if isinstance(one, str)), "")
    if len(text) >= 10 and text[4:5] == "-" and text[7:8] == "-" and text[:4].isdigit():
        return "today()" if len(text) == 10 else "now()"
    return None


def made_values(collection: Collection, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a new record has that nobody gave, as the records that are there have it: the first status, the time of the
    call, and nothing yet of what is counted."""
    for field, schema in collection.fields.items():
        samples = collection.samples.get(field, ())
        if field in given or field == collection.key or not samples or any(one is None for one in samples):
            continue
        moment = moment_like(samples)
        if field in STATUS_NAMES and field in collection.values:
            yield field, quoted(first_status({"enum": list(collection.values[field])}))
        elif moment is not None and not set(words(field)) & word_set("by due end ends expires expiry until wanted"):
            yield field, moment
        elif plain_type(schema) in ("integer", "number") and 0 in samples:
            yield field, "0"
        elif plain_type(schema) == "boolean" and False in samples:
            yield field, "False"
        elif plain_type(schema) == "array" and [] in samples:
            yield field, "[]"
