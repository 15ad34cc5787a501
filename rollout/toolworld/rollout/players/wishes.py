"""What a scripted user wants to be done, and which proposals it agrees to."""

import re
from collections.abc import Iterator, Set

from toolworld.datasets import Task
from toolworld.environments import Call
from toolworld.ground import JsonValue, humanize, leaves
from toolworld.judges import calendar_words, mentions, speaks_of

_ID = re.compile(r"(?=.*[\d_])(?=.*[A-Za-z])[\w-]+|\d{6,}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NEGATION = re.compile(
    r"\b(?:i|we|shall|should|may|to) (?:\w+ )?not\b|\b(?:can(?:not|'t)|won't|unable|not (?:be )?able|will not)\b",
    re.IGNORECASE,
)


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
        self._known = {*re.findall(r"[^\W\d_]+", task.model_dump_json().casefold())} | calendar_words()
        written = [str(leaf) for call in self.wanted for leaf in leaves(call.arguments)]
        self._own_words = " ; ".join([task.request, task.scenario.goal, task.scenario.known, *written])
        self._numbers = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", task.model_dump_json())}
        self._forbidden = [call for call in task.truth.forbidden if call not in self.wanted]

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

    def named(self, text: str) -> set[int]:
        """The positions, among the task's calls, of the wishes that a text names."""
        return {place for number, place in enumerate(self.places) if self._is_named(number, text)}

    def _is_named(self, number: int, text: str) -> bool:
        """Whether a text proposes a wish: by what it is called, or by the action alone where nothing else is named."""
        call = self.wanted[number]
        meant = " ".join(sentence for sentence in _sentences(text) if not _NEGATION.search(sentence))
        if self._names_another(call, meant) or self._has_strange_sum(meant):
            return False
        if speaks_of(call.name, meant) and any(mentions(name, meant) for name in self._names[number]):
            return True
        return speaks_of(call.name, meant, plainly=True) and not self._names_a_stranger(meant)

    def _names_a_stranger(self, text: str) -> bool:
        """Whether a text has a proper name inside a sentence that the task knows nothing of."""
        names = re.findall(r"(?<=[a-z,;:] )[\"'“*_]*([A-Z][a-z]{2,})", text)
        return any(name.casefold() not in self._known for name in names)

    def _has_strange_sum(self, text: str) -> bool:
        """Whether a text has a sum that the task knows nothing of."""
        sums = re.findall(r"[£$€]\s?(\d[\d,]*(?:\.\d+)?)", text)
        return any(float(digits.replace(",", "")) not in self._numbers for digits in sums)

    def _names_another(self, call: Call, text: str) -> bool:
        """Whether a text names something else of the kind that a call is about, by its id or its title."""
        own = {leaf for leaf in leaves(call.arguments) if isinstance(leaf, str)}
        wished = {leaf for one in self.wanted for leaf in leaves(one.arguments) if isinstance(leaf, str)}
        ours = {name for one in own | wished for name in self._beside.get(one, ())}
        return any(
            mentions(name, text)
            for identifier, names in self._beside.items()
            if identifier not in own | wished and _is_like(identifier, own)
            for name in {identifier, *filter(_is_title, names - ours)}
            if not mentions(name, self._own_words)
        )

    def _is_forbidden(self, call: Call, text: str) -> bool:
        values = [leaf for leaf in leaves(call.arguments) if isinstance(leaf, str)]
        return _has_action(call, text) and all(mentions(value, text) for value in values)

    def _names_in(self, call: Call) -> Iterator[str]:
        for leaf in leaves(call.arguments):
            if isinstance(leaf, str):
                yield leaf
                yield from self._beside.get(leaf, ())


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


def _has_action(call: Call, text: str) -> bool:
    """Whether a text has the words of a tool's name in their order, with a few others between: `block your card`."""
    words = [re.escape(word[: max(4, len(word) - 1)]) for word in humanize(call.name).split()]
    return re.search(r"\b" + r"\w*\W+(?:\w+\W+){0,3}".join(words), text, re.IGNORECASE) is not None
