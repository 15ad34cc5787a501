"""What a scripted user wants to be done, and which proposals it agrees to."""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

from toolworld.datasets import Task
from toolworld.environments import Call
from toolworld.ground import JsonValue, humanize, leaves
from toolworld.judges import (
    calendar_words,
    gives_status,
    is_declined,
    mentions,
    names_action,
    speaks_of,
    without_what_is_set_apart,
)
from toolworld.rollout.players.contradiction import contradicts

_ID = re.compile(r"(?=.*[\d_])(?=.*[A-Za-z])[\w-]+|\d{6,}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A task as a key: equal only to itself, since to compare tasks costs as much as to read one."""

    task: Task

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.task is other.task

    def __hash__(self) -> int:
        return id(self.task)


def wishes_of(task: Task) -> "Wishes":
    """The wishes of a task; the same for all its runs."""
    return _wishes(_Same(task))


@lru_cache(maxsize=256)
def _wishes(key: _Same) -> "Wishes":
    return Wishes(key.task)


class Wishes:
    """The changes that a task is about, by what they are called.

    A person does not know ids; what stands beside an id in the result of a look-up is what the thing is called.

    Args:
        task: The task; its reference calls are what the user wants.
    """

    def __init__(self, task: Task) -> None:
        self._beside = _names_by_id(task)
        reads = {reference.call.name for reference in task.calls} - _changing(task)
        wanted = {place: one for place, one in enumerate(task.calls) if one.call.name not in reads}
        self.places = tuple(wanted)
        """The positions of the wishes among the task's calls."""
        self.wanted = [reference.call for reference in wanted.values()]
        self._names = [{*self._names_in(one.call), *_titles_in(one.result)} for one in wanted.values()]
        all_of_it = task.model_dump_json()
        self._statuses = [_status_in(one.result) for one in wanted.values()]
        self._known = {*re.findall(r"[^\W\d_]+", all_of_it.casefold())} | calendar_words()
        written = [str(leaf) for call in self.wanted for leaf in leaves(call.arguments)]
        self._own_words = " ; ".join([task.request, task.scenario.goal, task.scenario.known, *written])
        self._numbers = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", all_of_it)}
        self._most = _most_paid(task)
        self._forbidden = [call for call in task.truth.forbidden if call not in self.wanted]
        self._others = [[*self._names_of_others(call)] for call in self.wanted]
        self.named = lru_cache(maxsize=1024)(self._named)
        """The positions, among the task's calls, of the wishes that a text names."""

    def agrees_to(self, proposal: str, past: Set[int] = frozenset()) -> bool:
        """Whether a proposal is of something that the user wants: one of its wishes is named, and nothing that the
        task forbids.

        Args:
            proposal: What the agent says it would do.
            past: Positions among the task's calls of what the user does not want any more.
        """
        return bool(self.named(proposal) - past) and not any(
            self._is_forbidden(call, proposal) for call in self._forbidden
        )

    def _named(self, text: str) -> frozenset[int]:
        """The wishes that a text names.

        One whose things are not named counts only where no other action is named in full; of several of one tool only
        those of which all is named that is of another: peas for an order, and not the beans for the same order.
        """
        meant = " ".join(one for one in _sentences(without_what_is_set_apart(text)) if not is_declined(one))
        if self._has_strange_sum(meant):
            return frozenset()
        found = [number for number in range(len(self.wanted)) if self._is_named(number, meant)]
        marks = {number: self._marks_in(number, text) for number in found}
        by_tool: dict[str, set[frozenset[str]]] = {}
        for number in found:
            by_tool.setdefault(self.wanted[number].name, set()).add(marks[number])
        said_of_another = {tool: self._is_said_of_another(tool, by_tool, text) for tool in by_tool}
        return frozenset(
            self.places[number]
            for number in found
            if (marks[number] or not said_of_another[self.wanted[number].name])
            and not any(marks[number] < other for other in by_tool[self.wanted[number].name])
        )

    def _is_said_of_another(self, tool: str, tools: Iterable[str], text: str) -> bool:
        """Whether the action of a wish whose things are not named is that of another: `release quarantine` of what is
        in quarantine, or any other that a text has in full."""
        verb, *_ = humanize(tool).split()
        others = [other for other in tools if other != tool]
        return any(verb in humanize(other).split() for other in others) or (
            not names_action(tool, text) and any(names_action(other, text) for other in others)
        )

    def _marks_in(self, number: int, text: str) -> frozenset[str]:
        """What of a wish stands in a text: what its things are called, and its numbers."""
        numbers = {str(leaf) for leaf in leaves(self.wanted[number].arguments) if _is_number(leaf)}
        named = {name for name in self._names[number] if mentions(name, text)}
        return frozenset(named | {digits for digits in numbers if _has_number(digits, text)})

    def _is_named(self, number: int, meant: str) -> bool:
        """Whether a text without its denials proposes a wish: by what it is called, or by the action alone where
        nothing else is named."""
        call = self.wanted[number]
        if any(mentions(name, meant) for name in self._others[number]):
            return False
        if contradicts(meant, call, self.wanted):
            return False
        is_named = any(mentions(name, meant) for name in self._names[number])
        if is_named and (speaks_of(call.name, meant) or self._has_status(number, meant)):
            return True
        if is_named and self._says_all(call, meant) and not self._has_other_action(call, meant):
            return True
        return speaks_of(call.name, meant, plainly=True) and not self._names_a_stranger(meant)

    def _has_status(self, number: int, text: str) -> bool:
        """Whether a text has the status that a thing gets by a wish: `mark it as paid`."""
        status = self._statuses[number]
        return status is not None and gives_status(status, text)

    def _says_all(self, call: Call, text: str) -> bool:
        """Whether a text has each of several arguments, so that its verb does not matter."""
        return len(call.arguments) > 1 and all(self._says(name, value, text) for name, value in call.arguments.items())

    def _has_other_action(self, call: Call, text: str) -> bool:
        """Whether a text has the action of another wish in full."""
        return any(names_action(one.name, text) for one in self.wanted if one.name != call.name)

    def _names_a_stranger(self, text: str) -> bool:
        """Whether a text has a proper name inside a sentence that the task knows nothing of."""
        names = re.findall(r"(?<=[a-z,;:] )[\"'“*_]*([A-Z][a-z]{2,})", text)
        return any(name.casefold() not in self._known for name in names)

    def _has_strange_sum(self, text: str) -> bool:
        """Whether a text has a sum that the task knows nothing of, and that is more than the user would pay unasked."""
        sums = [float(digits.replace(",", "")) for digits in re.findall(r"[£$€]\s?(\d[\d,]*(?:\.\d+)?)", text)]
        return any(one not in self._numbers and one > self._most for one in sums)

    def _names_of_others(self, call: Call) -> Iterator[str]:
        """The ids and titles of what is of the kind that a call is about, and no wish."""
        own = {leaf for leaf in leaves(call.arguments) if isinstance(leaf, str)}
        wished = {leaf for one in self.wanted for leaf in leaves(one.arguments) if isinstance(leaf, str)}
        ours = {name for one in wished for name in self._beside.get(one, ())}
        for identifier, names in self._beside.items():
            if identifier not in wished and _is_like(identifier, own):
                for name in sorted({identifier, *filter(_is_title, names - ours)}):
                    if not mentions(name, self._own_words):
                        yield name

    def _is_forbidden(self, call: Call, text: str) -> bool:
        """Whether a sentence or line of a text proposes a call that the task forbids."""
        return any(
            names_action(call.name, sentence)
            and all(self._says(name, value, sentence) for name, value in call.arguments.items())
            for sentence in _sentences(text)
            if not is_declined(sentence)
        )

    def _says(self, name: str, value: JsonValue, text: str) -> bool:
        """Whether a text has an argument: its texts and numbers, or its name where it is a yes or no."""
        if isinstance(value, bool):
            return humanize(name) in text.casefold()
        return all(
            _has_number(str(leaf), text) if _is_number(leaf) else self._is_called(str(leaf), text)
            for leaf in leaves(value)
        )

    def _is_called(self, value: str, text: str) -> bool:
        """Whether a text has a value, or what only that is called among the things of its kind."""
        names = self._beside.get(value, set()) if any(character.isdigit() for character in value) else set[str]()
        alike = [other for other in self._beside if other != value and _is_like(other, {value})]
        own = names - {name for other in alike for name in self._beside[other]}
        return mentions(value, text) or any(humanize(name) in text.casefold() for name in own if not _DAY.search(name))

    def _names_in(self, call: Call) -> Iterator[str]:
        for leaf in leaves(call.arguments):
            if isinstance(leaf, str):
                yield leaf
                yield from self._beside.get(leaf, ())


def _most_paid(task: Task) -> float:
    """A sum up to which the user pays what it costs: nothing in a task that a person wrote, who put down what there is
    to pay; else what is not out of all proportion to the sums that the task has."""
    if task.origin is None:
        return 0
    values = [leaf for one in task.calls for leaf in (*leaves(one.call.arguments), *leaves(one.result))]
    return max(_USUAL_SUM, *(_OUT_OF_PROPORTION * abs(one) for one in values if _is_number(one)), 0)


_USUAL_SUM, _OUT_OF_PROPORTION = 1_000, 10


def _is_number(leaf: JsonValue) -> TypeGuard[int | float]:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _has_number(digits: str, text: str) -> bool:
    """Whether a text has a number by itself; 15.0 is 15 as well as 15.00, and 9250 is 9,250."""
    whole = digits.removesuffix(".0")
    rest = "0*" if "." in whole else r"(?:\.0+)?"
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return re.search(rf"(?<![\w.]){re.escape(whole)}{rest}(?!\w|\.\d)", plain) is not None


def _changing(task: Task) -> set[str]:
    """The names of the tools that change something in the reference."""
    return {reference.call.name for reference in task.calls if reference.writes}


def _names_by_id(task: Task) -> dict[str, set[str]]:
    """The texts that stand beside an id in the smallest objects of results."""
    found: dict[str, set[str]] = {}
    for reference in task.calls:
        for inner in _objects(reference.result):
            texts = [value for value in inner.values() if isinstance(value, str)]
            for value in texts:
                if _ID.fullmatch(value):
                    found.setdefault(value, set()).update(text for text in texts if text != value)
    return found


def _objects(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _titles_in(result: JsonValue) -> Iterator[str]:
    """The titles and days in what a change gives back."""
    for leaf in leaves(result):
        if isinstance(leaf, str) and (_is_title(leaf) or _DAY.fullmatch(leaf)):
            yield leaf


def _status_in(result: JsonValue) -> str | None:
    """The status in what a change gives back."""
    status = result.get("status") if isinstance(result, dict) else None
    return status if isinstance(status, str) else None


def _is_title(name: str) -> bool:
    """Whether a text is what a thing is called: it begins with a capital letter, and no digit is in it."""
    return name[:1].isupper() and not any(character.isdigit() for character in name)


def _is_like(identifier: str, others: set[str]) -> bool:
    """Whether an id has the form of one of the others: the same letters before its digits."""
    shape = re.sub(r"\d", "0", identifier)
    return any(re.sub(r"\d", "0", other) == shape for other in others)


def _sentences(text: str) -> list[str]:
    """The sentences and lines of a text, without what stands in brackets."""
    return re.split(r"(?<=[.!?;])\s+|\n+", re.sub(r"\([^()]*\)", " ", text))
