"""Conditions: documented errors as tests that a program makes before it does what it is asked to.

A sentence is cut into alternatives and clauses; each clause is read by the first reader that takes it. What no reader
takes is not guessed at: of clauses that have to be true together all must be read, of alternatives those that can be.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from toolworld.environments.compiler.conditions import argument_clauses as arguments
from toolworld.environments.compiler.conditions import day_clauses as days
from toolworld.environments.compiler.conditions import list_clauses as lists
from toolworld.environments.compiler.conditions import number_clauses as numbers
from toolworld.environments.compiler.conditions import status_clauses as statuses
from toolworld.environments.compiler.conditions.scene import Scene
from toolworld.environments.compiler.layout.missing import says_missing
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import words
from toolworld.environments.spec.tool import DocumentedError

_ALTERNATIVES = re.compile(r", or |; | or (?=the |it |they |he |she |nothing )")
_INTRODUCTION = re.compile(r"^(?:when|if|in case|where|whenever|refused when|refused if|because) ")
_NOTHING_OF = re.compile(r"^(?:no (?!longer)|all |none |every |nothing )")
"""How clauses begin that speak of what is not there, or of all that there is."""
_TOGETHER = re.compile(r",? and (?=the |it |no |not |there |less |fewer |more )")

MAX_READ = 400
"""How many characters of a sentence are read."""
_Reader = Callable[[str, str, Scene], str | None]
_OF_NUMBERS: tuple[_Reader, ...] = (numbers.limit, numbers.counter, numbers.as_many)
_OF_NONE: tuple[_Reader, ...] = (arguments.none_given, numbers.nothing_owed, numbers.none_left)
_READERS: tuple[_Reader, ...] = (
    arguments.none_given,
    days.ends_before,
    arguments.wrong_order,
    arguments.in_the_past,
    arguments.as_now,
    *_OF_NUMBERS,
    numbers.of_limit,
    numbers.too_young,
    numbers.more_than_record,
    numbers.nothing_owed,
    arguments.differs,
    arguments.asked_before,
    arguments.mismatch,
    arguments.of_another,
    arguments.left_out,
    statuses.chosen_value,
    lists.not_among,
    days.last_day,
    statuses.mark,
    statuses.status,
    days.expired,
    statuses.done_before,
    statuses.over,
)
"""The readers, from the surest way of saying a condition to the least sure."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A documented error with the test that tells whether it occurs."""

    error: DocumentedError
    test: str
    """An expression of the program."""
    needs: tuple[KnownRecord, ...] = ()
    """Records that have to be fetched first, because another one refers to them."""


def conditions_of(scene: Scene, referred: Sequence[KnownRecord]) -> Iterator[Condition]:
    """The conditions of a tool's documented errors, as far as their sentences can be read.

    Args:
        scene: What they can speak of.
        referred: Records that those at hand refer to.
    """
    wider = replace(scene, records=(*scene.records, *referred))
    for error in scene.operation.errors:
        if says_missing(error):
            unknown = _missing(error, scene, wider)
            if unknown is not None:
                yield Condition(error, unknown, _needed(unknown, referred))
            continue
        test = _test(error, scene) or (_test(error, wider) if referred else None)
        if test is not None:
            yield Condition(error, test, _needed(test, referred))


def _needed(test: str, referred: Sequence[KnownRecord]) -> tuple[KnownRecord, ...]:
    return tuple(one for one in referred if f"{one.variable}." in test)


def _missing(error: DocumentedError, scene: Scene, wider: Scene) -> str | None:
    """The test that there is no such thing, where that is no record which an argument names by its key."""
    said, code = error.when[:MAX_READ].lower(), error.code.replace("_", " ")
    return arguments.unknown_value(said, code, scene) or lists.not_inside(said, code, wider)


def condition_lines(conditions: Sequence[Condition]) -> Iterator[str]:
    """The lines of a program that refuse a call where a condition holds."""
    fetched: set[str] = set()
    for one in conditions:
        for record in one.needs:
            if record.variable not in fetched:
                fetched.add(record.variable)
                yield record.definition
        yield f"if {one.test}:"
        yield f"    fail({quoted(one.error.code)}, {quoted(one.error.when)})"


def _test(error: DocumentedError, scene: Scene) -> str | None:
    said, code = error.when.strip()[:MAX_READ].rstrip(".").lower(), error.code.replace("_", " ")
    said = _INTRODUCTION.sub("", said)
    if len(_TOGETHER.split(said)) == 1:
        sure = statuses.named_value(said, code, scene) or statuses.not_so(said, code, scene)
        if sure is not None:
            return sure
    alternatives = [one for one in _ALTERNATIVES.split(said) if one]
    found = [one for part in alternatives if (one := _joined(part, code if len(alternatives) == 1 else "", scene))]
    if not found and len(alternatives) > 1:
        whole = _expression(said, code, scene)
        found = [whole] if whole is not None else []
    test = " or ".join(f"({one})" for one in found) if len(found) > 1 else next(iter(found), None)
    option = _option(f"{code}. {said}", code, scene)
    return f"{option} and ({test})" if option is not None and test is not None and option not in test else test


def _option(text: str, code: str, scene: Scene) -> str | None:
    """What has to be asked for, or to be on the record, for an error to be about it: `interpreter_notice`."""
    asked = [one.name for one in scene.operation.parameters if plain_type(one.schema) == "boolean"]
    found = next((name for name in asked if " ".join(words(name)) in text), None)
    if found is not None or scene.row is None:
        return found
    samples = scene.row.collection.samples
    marks = [name for name, values in samples.items() if any(one in (None, False) for one in values)]
    return next((f"row.get({quoted(name)})" for name in marks if code.startswith(f"{' '.join(words(name))} ")), None)


def _joined(said: str, code: str, scene: Scene) -> str | None:
    """The test of clauses that have to be true together."""
    clauses = [one.strip() for one in _TOGETHER.split(said) if one.strip()]
    found = [_expression(one, code if len(clauses) == 1 else "", scene) for one in clauses]
    kept = [one for one in found if one is not None]
    if not kept or (len(kept) < len(found) and not (code.startswith("already") and found[0] is not None)):
        return None
    return " and ".join(f"({one})" for one in kept) if len(kept) > 1 else kept[0]


def _expression(clause: str, code: str, scene: Scene) -> str | None:
    """The expression that is true where a clause is; None where no reader takes it."""
    readers = _OF_NUMBERS if numbers.has_number(clause) else _OF_NONE if _NOTHING_OF.match(clause) else _READERS
    return next((one for read in readers if (one := read(clause, code, scene)) is not None), None)
