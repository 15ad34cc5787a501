"""What a tool does with the single values of a state document: reads, sets, adds up, or lists; and who is logged in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from toolworld.environments.compiler.layout.statuses import past_of
from toolworld.environments.compiler.layout.value_places import ValuePlace, place_of
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.vocabulary import CREDENTIALS
from toolworld.environments.normaliser.words import compact, first_word, singulars, word_set, words

SESSION = "logged_in"
"""The single value that says whether somebody is logged in, where the state has none of its own."""
_SESSION_WORDS = word_set("auth authenticated authentication logged login signed")
_OF_A_USER = re.compile(
    r"\b(?:for|of|by|as) the (?:authenticated|logged[- ]in|signed[- ]in|current) user\b|"
    r"\b(?:requires|must be|has to be|needs to be)\b[^.]{0,30}"
    r"\b(?:authenticated|logged in|signed in|authentication|login)\b",
    re.IGNORECASE,
)
"""How descriptions say that somebody has to be logged in."""
_NO_LOGIN = re.compile(r"\b(?:not|no|without)\b", re.IGNORECASE)
_SECRETS = word_set("password pin secret passcode")
_ADDS = word_set("add append fill follow fund deposit increase join load put refill top")
_TAKES = word_set("decrease deduct drop leave remove spend unfollow unsubscribe withdraw")
_NO_SUMS = tuple((one,) for one in ("card", "code", "count", "counter", "id", "number"))
"""The last words of names of numbers that nobody adds to."""
_CAPACITY = re.compile(
    r"\b(?:hold|holds|capacity of|capacity is|at most|maximum of)\s+(?:up to\s+)?(\d{1,12}(?:\.\d{1,6})?)(?![\d.]*\d)"
)
_MAKES = word_set("book buy create invite make open place post register schedule send submit")
"""Verbs of what makes something new, and sets nothing that is there."""
_STATUS_WORDS = word_set("mode position state status")

Role = Literal["set", "add", "take", "append", "remove"]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A change of a single value."""

    role: Role
    place: ValuePlace
    value: str
    """The expression of what it is set to, or by how much or with what it is changed."""
    most: int | float | None = None
    """How much there may be, where the tool's description says so."""


@dataclass(frozen=True, slots=True)
class ValuePlan:
    """What a tool does with single values."""

    shown: dict[str, ValuePlace] = field(default_factory=dict[str, ValuePlace])
    """The fields of its result that show one."""
    changes: tuple[ValueChange, ...] = ()
    session: Literal["in", "out"] | None = None
    flag: ValuePlace | None = None
    """The value that says whether somebody is logged in."""
    credentials: dict[str, ValuePlace] = field(default_factory=dict[str, ValuePlace])
    """The parameters that have to be what the state has."""


def value_plan(operation: Operation, reading: Reading, places: Sequence[ValuePlace]) -> ValuePlan | None:
    """The plan of a tool over single values; None where it is about none of them."""
    if reading.kind == "session":
        return _session(operation, places)
    if reading.kind == "create" and reading.entity_rule == "fresh_id":
        return None
    about = frozenset(singulars(operation.original))
    shown = {
        name: place
        for name in properties_of(reading.record)
        if (place := _shown(name, operation, places, about)) is not None
    }
    if reading.kind_rule == "login_status":
        flag = _flag(places)
        return ValuePlan(dict.fromkeys(properties_of(reading.record), flag), flag=flag)
    if reading.effect == "read":
        depends = any(one.required and not is_credential(one) for one in operation.parameters)
        return ValuePlan(shown) if shown and not depends else None
    changes = tuple(_changes(operation, places, about))
    return ValuePlan(shown, changes) if changes else None


def list_change(operation: Operation, places: Sequence[ValuePlace]) -> ValuePlan | None:
    """The plan of a tool whose name says from or to which list: `remove_stock_from_watchlist`."""
    verb, named = first_word(operation.original), list(words(operation.original))
    place = max((number for number, one in enumerate(named) if one in ("from", "to")), default=None)
    given = [one for one in operation.parameters if one.required and not is_credential(one)]
    if place is None or len(given) != 1 or plain_type(given[0].schema) != "string" or verb not in _ADDS | _TAKES:
        return None
    wanted = compact("".join(named[place + 1 :]))
    lists = [one for one in places if one.holds(list) and one.inner is None and compact(one.name) == wanted]
    if len(lists) != 1:
        return None
    about = frozenset(singulars(operation.original))
    shown = {
        name: found
        for name in properties_of(operation.response)
        if (found := _shown(name, operation, places, about)) is not None
    }
    return ValuePlan(shown, (ValueChange("append" if verb in _ADDS else "remove", lists[0], given[0].name),))


def _shown(name: str, operation: Operation, places: Sequence[ValuePlace], about: frozenset[str]) -> ValuePlace | None:
    """The place that a field of the result shows; a list is shown by what the tool is called after, too."""
    found = place_of(name, places, about)
    if found is not None or not about:
        return found
    lists = [one for one in places if one.holds(list) and {*singulars(one.name)} & about]
    is_list = plain_type(properties_of(operation.response).get(name, {})) == "array"
    return lists[0] if is_list and len(lists) == 1 else None


def _session(operation: Operation, places: Sequence[ValuePlace]) -> ValuePlan:
    is_out = bool({*words(operation.original)} & {"out", "logout", "signout", "logoff"})
    known = {one.name: place for one in operation.parameters if (place := place_of(one.original, places)) is not None}
    return ValuePlan(session="out" if is_out else "in", flag=_flag(places), credentials={} if is_out else known)


def _flag(places: Sequence[ValuePlace]) -> ValuePlace:
    found = [one for one in places if one.holds(bool) and {*words(one.name)} & _SESSION_WORDS]
    return found[0] if found else ValuePlace(SESSION, None, (False,))


def _changes(operation: Operation, places: Sequence[ValuePlace], about: frozenset[str]) -> Iterator[ValueChange]:
    verb = first_word(operation.original)
    seen: set[tuple[str, str | None]] = set()
    for one in operation.parameters:
        if is_credential(one):
            continue
        found = _change(one.name, one.original, plain_type(one.schema), verb, (places, about))
        if found is not None and (found.place.part, found.place.inner) not in seen:
            seen.add((found.place.part, found.place.inner))
            if found.role == "add":
                found = replace(found, most=_most(operation.description))
            elif found.role == "set":
                found = replace(found, value=_in_form(one, found.place))
            yield found
    if not seen:
        yield from _by_name(operation, verb, places, about)


def _change(
    name: str, original: str, kind: str | None, verb: str, where: tuple[Sequence[ValuePlace], frozenset[str]]
) -> ValueChange | None:
    """What a parameter changes."""
    places, about = where
    lists = [one for one in places if one.holds(list) and {*singulars(one.name)} & (about | {*singulars(original)})]
    if kind in ("string", "integer") and len(lists) == 1 and verb in _ADDS | _TAKES:
        return ValueChange("append" if verb in _ADDS else "remove", lists[0], name)
    if kind in ("number", "integer"):
        sums = [one for one in places if one.holds(int, float) and words(one.name)[-1:] not in _NO_SUMS]
        named = place_of(original, sums, about)
        only = [one for one in sums if {*words(one.name)} & {"balance"}]
        chosen = named or (only[0] if len(only) == 1 and verb in _ADDS | _TAKES else None)
        if chosen is not None:
            role: Role = "add" if verb in _ADDS else "take" if verb in _TAKES else "set"
            return ValueChange(role, chosen, name)
        return None
    if verb in _ADDS | _MAKES:
        return None
    if kind == "string":
        place = place_of(original, [one for one in places if one.holds(str)], about)
        return ValueChange("set", place, name) if place is not None else None
    if kind == "boolean":
        place = place_of(original, [one for one in places if one.holds(bool)], about)
        return ValueChange("set", place, name) if place is not None else None
    return None


def _in_form(parameter: Parameter, place: ValuePlace) -> str:
    """What a parameter is set to, in the form that the state has it: `START` as `running`, `engage` as `engaged`."""
    listed = parameter.schema.get("enum")
    held = [one for one in place.samples if isinstance(one, str)]
    forms = {
        given: form
        for given in (listed if isinstance(listed, list) else [])
        if isinstance(given, str) and given not in held and (form := _form(given.lower(), held)) is not None
    }
    if not forms:
        return parameter.name
    table = ", ".join(f"{quoted(given)}: {quoted(form)}" for given, form in forms.items())
    return f"{{{table}}}.get({parameter.name}, {parameter.name})"


def _form(verb: str, held: Sequence[str]) -> str | None:
    """What the state calls what a verb leads to."""
    return next((one for one in held if one.lower() in (past_of(verb), verb)), None)


def _by_name(
    operation: Operation, verb: str, places: Sequence[ValuePlace], about: frozenset[str]
) -> Iterator[ValueChange]:
    """A status that the name of a tool leads to: `start_engine` makes the state of the engine `running`."""
    texts = [one for one in places if one.holds(str) and {*words(one.name)} & _STATUS_WORDS]
    named = [one for one in texts if ({*singulars(one.name)} - _STATUS_WORDS) <= about]
    if len(named) == 1 and re.match(r"[a-z]+$", verb):
        yield ValueChange("set", named[0], f'"{past_of(verb)}"')


def _most(text: str) -> int | float | None:
    """How much there may be of something, as a description says it."""
    match = _CAPACITY.search(text)
    return None if match is None else float(match[1]) if "." in match[1] else int(match[1])


def is_credential(parameter: Parameter) -> bool:
    """Whether a parameter says who calls."""
    return compact(parameter.original) in CREDENTIALS or bool({*words(parameter.original)} & _SECRETS)


def session_needed(
    operation: Operation, reading: Reading, places: Sequence[ValuePlace], *, has_login: bool
) -> ValuePlace | None:
    """The value that has to say that somebody is logged in, for tools that say that they are about who is."""
    flags = [one for one in places if one.holds(bool) and {*words(one.name)} & _SESSION_WORDS]
    is_about_it = reading.kind == "session" or reading.kind_rule == "login_status"
    said = [one for one in operation.description.split(".") if _OF_A_USER.search(one) and not _NO_LOGIN.search(one)]
    return flags[0] if flags and has_login and said and not is_about_it else None


def credential_checks(operation: Operation, places: Sequence[ValuePlace]) -> Iterator[tuple[str, ValuePlace]]:
    """The parameters that have to be what the state has: tokens and secrets that it has under the same name."""
    for one in operation.parameters:
        same = [place for place in places if compact(place.name) == compact(one.original) and place.holds(str)]
        if is_credential(one) and len(same) == 1:
            yield one.name, same[0]
