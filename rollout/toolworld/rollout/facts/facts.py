"""Facts of a result: a subject, a relation and a value, with the piece of the result where it stands."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.ground import JsonValue, encode
from toolworld.rollout.facts.items import KEY_ENDINGS, KEYS, Item, is_key, items_in, texts_in
from toolworld.rollout.facts.relations import label_of, place_names, said_facts

_NAMES = ("name", "title", "full_name", "label", "subject", "username")
_LABELLED = re.compile(r"^([A-Z][^:\n]{1,40}): (\S[^\n]{0,120})$", re.MULTILINE)
_LONGEST = 80
"""Characters of a subject or value."""


class ShownFact(NamedTuple):
    """Something that a result says."""

    step: int
    """The position of the call on its path, from 0."""
    subject: str
    label: str
    """The relation, in small words."""
    value: str
    evidence: str
    """The piece of the result where it stands."""
    noun: str = ""
    """What the subject is."""
    thing: str = ""
    """What the value is said of, where the subject only points to it: the loan that a patron's number stands in."""
    is_identity: bool = False
    """Whether subject and value are names of one thing, such as a customer's name and number."""
    subject_kind: str = ""
    """Of what the subject is a key, such as `patron`; empty for names and texts."""
    value_kind: str = ""
    """The same of the value."""

    def leads_to(self, other: "ShownFact") -> bool:
        """Whether another fact says something of this one's value. A bare number is nobody's until its kind says so."""
        if self.value.casefold() != other.subject.casefold():
            return False
        if self.value.replace(".", "").lstrip("-").isdigit():
            return bool(self.value_kind) and self.value_kind == other.subject_kind
        return not (self.value_kind and other.subject_kind) or self.value_kind == other.subject_kind


def facts_of(step: int, result: JsonValue, arguments: Mapping[str, JsonValue]) -> list[ShownFact]:
    """The facts of a result.

    Args:
        step: The position of the call.
        result: Its result.
        arguments: Its arguments.
    """
    items = items_in(result, arguments)
    found = [*_of_items(step, items)]
    for title, text in texts_in(items):
        found += _of_text(step, title, text)
    return list(dict.fromkeys(found))


def _of_text(step: int, title: str, text: str) -> Iterator[ShownFact]:
    if title:
        for pair in _LABELLED.finditer(text):
            if len(pair[2]) <= _LONGEST:
                yield ShownFact(step, title, label_of(pair[1]), pair[2].strip(), pair[0])
    for said in said_facts(text):
        if len(said.value) <= _LONGEST:
            yield ShownFact(step, said.subject, said.label, said.value, said.sentence)


def _of_items(step: int, items: Sequence[Item]) -> Iterator[ShownFact]:
    counts = Counter((item.group, name, str(value)) for item in items for name, value in item.fields.items())
    for item in items:
        kept = {name: value for name, value in item.fields.items() if _counts(name, value)}
        own = _own_names(item, kept)
        is_text = any(name in item.fields for name in ("text", "content", "body", "snippet"))
        for one in kept:
            is_reference = one not in own
            if is_reference and (not is_key(one) or item.is_one_of_more):
                continue
            if counts[item.group, one, str(kept[one])] > 1:  # several things have it, so it tells none of them
                continue
            for other in kept:
                if other != one and not (is_text and one in own and other in own):
                    yield _fact(step, item, kept, (one, other), own)


def _fact(
    step: int, item: Item, fields: Mapping[str, JsonValue], names: tuple[str, str], own: Sequence[str]
) -> ShownFact:
    subject, value = names
    return ShownFact(
        step,
        str(fields[subject]),
        label_of(value),
        str(fields[value]),
        encode({value: fields[value]}).decode()[1:-1],
        item.noun if subject in own else "",
        "" if subject in own else item.noun,
        subject in own and value in own,
        _kind_of(subject, item),
        _kind_of(value, item),
    )


def _kind_of(name: str, item: Item) -> str:
    """Of what a field is a key: `patron_id` of patrons wherever it stands, `id` of the thing that it stands in."""
    plain = name.casefold()
    if plain in KEYS:
        return item.noun
    ending = next((one for one in KEY_ENDINGS if plain.endswith(one)), None)
    return "" if ending is None else label_of(plain.removesuffix(ending))


def _own_names(item: Item, fields: Mapping[str, JsonValue]) -> list[str]:
    """The fields that name a thing itself: its name and its key; else its first field."""
    noun = item.noun.replace(" ", "_")
    keys = {"id", "key", "code", f"{noun}_id", f"{noun}_name", f"{noun}_number"}
    found = [name for name in fields if name in _NAMES or name.casefold() in keys]
    # a title beside a `title_id` is that of another thing
    found = [name for name in found if f"{name}_id" not in fields or name == noun]
    if found:
        return found
    first = next(iter(fields), None)
    return [] if first is None or is_key(first) else [first]


def _counts(name: str, value: JsonValue) -> bool:
    return (
        name not in place_names() and len(str(value)) <= _LONGEST and not str(value).startswith(("http://", "https://"))
    )
