"""Intents: what a user wants, made by doing it, with the look-ups that it takes."""

import random
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from toolworld.datasets import Fact, Secret, fact_of
from toolworld.environments import Call, Event, Insert, ToolSpec
from toolworld.ground import JsonValue, humanize
from toolworld.rollout.synthesis.chain import Argument, Chain
from toolworld.rollout.synthesis.grammar import noun_of, verbs_of_staff
from toolworld.rollout.synthesis.lookup import Found, Lookups
from toolworld.rollout.synthesis.subject import Subject, subject_of
from toolworld.rollout.synthesis.terrain import Terrain, objects_in
from toolworld.rollout.synthesis.values import owed, value_for

IntentKind = Literal["change", "question", "refusal", "condition", "fallback", "correction", "not_theirs"]
"""A change; a question; a change that is refused; one that depends on what a look-up shows; one in the place of a
refused one; one that the user corrects after it was made; and one of what is another person's, which nobody makes."""
_TRIES = 8
"""With how many records a tool is tried."""
_OPTIONAL = 0.35
"""How often an optional value is asked for."""
_ABSENT = ("not_found", "unknown", "no_such")
"""Parts of codes of errors that say that there is no such record."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that a user wants."""

    kind: IntentKind
    tool: ToolSpec
    """The tool that does it, or that answers."""
    subjects: Mapping[str, Subject]
    """The records that it is about, by parameter; one by an empty name where a question is about it."""
    values: Mapping[str, JsonValue]
    """What the user asks for besides, by parameter."""
    said: Mapping[str, JsonValue]
    """All that the user has to be able to say for it, by parameter."""
    calls: range
    """The positions of its calls."""
    facts: tuple[Fact, ...] = ()
    """What the user is to be told."""
    asked: str = ""
    """The field that a question is about."""
    code: str = ""
    """The error that a refused call ends in."""
    second: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """The values of the correction."""
    forbidden: Call | None = None
    """The call that must not be made, for what is not theirs."""
    secrets: tuple[Secret, ...] = ()
    """What the user must not be told of another person."""


@dataclass
class Intents:
    """Makes intents in an environment, for one person.

    Args:
        terrain: The environment.
        lookups: Its look-ups.
        draw: Decides everything.
        person: Whom the conversation is about: collection and key; None where the environment knows nobody.
        is_own: Whether it is with them, who ask for their own things only, and not with somebody of the staff.
        unseen: What is not asked for, by tool and parameter, as nobody would see what it is.
    """

    terrain: Terrain
    lookups: Lookups
    draw: random.Random
    person: tuple[str, str] | None
    is_own: bool = True
    unseen: Set[tuple[str, str]] = frozenset()
    changed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """What was changed or asked already."""
    asked: set[tuple[str | tuple[str, str], ...]] = field(default_factory=set[tuple[str | tuple[str, str], ...]])
    """The tools that were used, with what they were used for."""
    subjects: dict[tuple[str, str], Subject] = field(default_factory=dict[tuple[str, str], Subject])

    @property
    def is_limited(self) -> bool:
        """Whether the user may ask for their own things only."""
        return self.is_own and not self.terrain.serves_staff

    async def identify(self, chain: Chain) -> Mapping[str, JsonValue] | None:
        """Identify the person first, where the policy wants it: what they have to say for it; None where that fails."""
        if self.person is None or self.person[0] not in self.terrain.identifying:
            return {}
        found = await self.lookups.identify(chain, self.person)
        subject = self._told(found) if found is not None else None
        if found is None or subject is None:
            return None
        self.subjects[self.person] = subject
        return found.said

    async def change(self, chain: Chain, tool: ToolSpec, kind: IntentKind = "change") -> Intent | None:
        """A change by a tool that succeeds, or for a refusal one that does not; None where none was found."""
        tried: list[Mapping[str, tuple[str, str]]] = []
        for _ in range(_TRIES):
            targets = self._targets(chain, tool)
            if targets is None:
                return None
            if targets in tried or {*self.about(tool, targets)} & self.changed or self._was_asked(tool, targets):
                continue  # what is asked for twice, or otherwise a second time, is no wish
            tried.append(targets)
            values = self.values_for(chain, tool, targets)
            if values is None:
                return None
            keys = {name: key for name, (_, key) in targets.items()}
            if self.terrain.is_never_made(tool, {**keys, **values}):
                continue
            event, _ = await chain.try_call(tool, {**keys, **values})
            if self._fits(event, kind):
                made = await self._with_lookups(chain, tool, targets, values, kind)
                if made is not None:
                    return made
        return None

    def _was_asked(self, tool: ToolSpec, targets: Mapping[str, tuple[str, str]]) -> bool:
        """Whether the same was asked for the same thing before."""
        is_about_more = any(place != self.person for place in targets.values())
        return is_about_more and (tool.name, *targets.values()) in self.asked

    @staticmethod
    def _fits(event: Event, kind: IntentKind) -> bool:
        if kind != "refusal":
            return event.failure is None and bool(event.ops)
        failure = event.failure
        return failure is not None and failure.kind == "tool" and not any(one in failure.code for one in _ABSENT)

    async def _with_lookups(
        self,
        chain: Chain,
        tool: ToolSpec,
        targets: Mapping[str, tuple[str, str]],
        values: Mapping[str, JsonValue],
        kind: IntentKind,
    ) -> Intent | None:
        """Look up what a call is about, and make it."""
        tried, first = chain.fork(), len(chain.steps)
        subjects: dict[str, Subject] = {}
        said: dict[str, JsonValue] = {}
        arguments: dict[str, Argument] = {}
        for name, place in targets.items():
            subject = await self._subject(tried, place, said)
            if subject is None:
                return None
            subjects[name] = subject
            arguments[name] = Argument(place[1], tried.keys[place])
        arguments |= {name: Argument(value) for name, value in values.items()}
        event = await tried.make(tool, arguments)
        if not self._fits(event, kind):
            return None
        self._remember(tried, event)
        chain.become(tried)
        self.subjects |= {place: subjects[name] for name, place in targets.items() if place not in self.subjects}
        self.changed |= {*self.about(tool, targets)}
        self.asked.add((tool.name, *targets.values()))
        return Intent(
            kind,
            tool,
            subjects,
            values,
            {**said, **values},
            range(first, len(chain.steps)),
            code=event.failure.code if event.failure else "",
        )

    async def _subject(self, chain: Chain, place: tuple[str, str], said: dict[str, JsonValue]) -> Subject | None:
        """A record as the user speaks of it, looked up unless that was done before."""
        if place in chain.keys:
            return self.subjects.get(place)
        found = await self.lookups.find(chain, *place)
        if found is None:
            return None
        subject = self._told(found)
        if subject is not None:
            said |= {name: value for name, value in found.said.items() if name not in said}
        return subject

    def _told(self, found: Found) -> Subject | None:
        """A record that was looked up, as the user speaks of it, with whose it is."""
        subject = subject_of(self.terrain, found, found.said)
        if subject is None or found.through is None or found.through[0] == self.person:
            return subject
        place, other = found.through
        owner = self._told(other) if other is not None else self.subjects.get(place)
        return None if owner is None else subject._replace(owner=owner)

    def about(self, tool: ToolSpec, targets: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
        """What a tool changes of what it is given: what its name speaks of; nothing for one that makes something."""
        words = humanize(tool.name)
        named = [place for place in targets.values() if words.endswith(noun_of(place[0]))]
        return named or ([*targets.values()] if len(targets) == 1 and not words.endswith(self._nouns) else [])

    @property
    def _nouns(self) -> tuple[str, ...]:
        return tuple(noun_of(one) for one in self.terrain.key_fields)

    def names_record(self, tool: ToolSpec, collection: str) -> bool:
        """Whether a tool's name speaks of a record of the collection: `renew_loan`."""
        return humanize(tool.name).endswith(f" {noun_of(collection)}")

    def may_ask(self, tool: ToolSpec) -> bool:
        """Whether the person may want a change by a tool: it is about them or theirs, and no matter of the staff."""
        if self.person is None or not self.is_limited:
            return True
        words = humanize(tool.name).split()
        theirs = self.terrain.distances(self.person[0])
        targets = [one for name, one in self.terrain.keys_of(tool).items() if name in tool.required]
        own = [one for one in targets if humanize(tool.name).endswith(noun_of(one))]
        is_theirs = any(one in theirs for one in targets) and all(one in theirs for one in own)
        return words[0] not in verbs_of_staff() and is_theirs

    def _may_know(self, collection: str) -> bool:
        """Whether the person may be told of records of a collection: their own, and what is nobody's."""
        if self.person is None or not self.is_limited:
            return True
        of_others = {name for one in self.terrain.people for name in self.terrain.distances(one)}
        return collection in self.terrain.distances(self.person[0]) or collection not in of_others

    def _remember(self, chain: Chain, event: Event) -> None:
        """Where the keys of what a call made stand, so that later ones can be about it."""
        number = len(chain.steps) - 1
        for op in event.ops:
            if not isinstance(op, Insert) or not isinstance(event.result, dict):
                continue
            name = self.terrain.key_fields[op.collection]
            places = [path for path, inner in objects_in(event.result) if inner.get(name) == op.key]
            if places:
                path = f"{places[0]}.{name}" if places[0] else name
                chain.keys[op.collection, op.key] = f"${number}.{path}"
                self.subjects[op.collection, op.key] = Subject(op.collection, op.key, {}, is_new=True)

    def _targets(self, chain: Chain, tool: ToolSpec) -> dict[str, tuple[str, str]] | None:
        """The records that a call is about, by parameter; the person's own where there are some."""
        found: dict[str, tuple[str, str]] = {}
        for name, collection in self.terrain.keys_of(tool).items():
            if name not in tool.required:
                continue
            key = self._record_of(chain, collection)
            if key is None:
                return None
            found[name] = (collection, key)
        return found

    def _record_of(self, chain: Chain, collection: str) -> str | None:
        if self.person is not None and collection == self.person[0]:
            return self.person[1]
        made = [key for (one, key), subject in self.subjects.items() if one == collection and subject.is_new]
        if made and self.draw.random() < _AGAIN:
            return made[-1]
        keys = self._keys(collection)
        key = self.draw.choice(keys) if keys else None
        return key if key is not None and chain.snapshot.state.get(collection, key) is not None else None

    def _keys(self, collection: str) -> Sequence[str]:
        """The records that the user may speak of: where they lead to people, their own."""
        person = self.person
        if person is None or self.terrain.serves_staff or collection not in self.terrain.distances(person[0]):
            return self.terrain.records(collection)
        return self.terrain.records_of(person, collection)

    def values_for(
        self, chain: Chain, tool: ToolSpec, targets: Mapping[str, tuple[str, str]]
    ) -> dict[str, JsonValue] | None:
        """What the user asks for besides: everything that is required, and something of what is not."""
        state = chain.snapshot.state
        records = {name: state.get(*place) or {} for name, place in targets.items()}
        collection = self.collection_of(tool, targets)
        current = next(
            (records[name] for name, place in targets.items() if place[0] == collection), dict[str, JsonValue]()
        )
        keys = self.terrain.keys_of(tool)
        skipped = {*tool.required, *keys, *(name for of, name in self.unseen if of == tool.name)}
        optional = [one for one in tool.parameters if one not in skipped]
        chosen = [one for one in optional if self.draw.random() < _OPTIONAL]
        is_update = bool(targets) and bool(optional) and not (tool.required - {*targets})
        if is_update and not chosen:
            chosen = [self.draw.choice(optional)]
        values: dict[str, JsonValue] = {}
        for name in (one for one in tool.parameters if one not in targets):
            if name not in tool.required and name not in chosen:
                continue
            value = owed(records, values) if name == "amount" else None
            if value is None:
                value = value_for(
                    self.terrain,
                    tool,
                    name,
                    collection=collection,
                    before=current.get(name),
                    draw=self.draw,
                )
            if value is None and name in tool.required:
                return None
            if value is not None:
                values[name] = value
        if is_update and not values:
            return None
        return _in_order(values, self.draw)

    def collection_of(self, tool: ToolSpec, targets: Mapping[str, tuple[str, str]]) -> str | None:
        """What a tool changes or makes: what its name speaks of, or shows the key of; else what it is about."""
        shown = tool.output_schema.get("properties") if tool.output_schema else None
        fields = {*shown} if isinstance(shown, dict) else set[str]()
        first = next((place[0] for place in targets.values()), None)
        return next((name for name, key in self.terrain.key_fields.items() if key in fields), first)

    async def question(self, chain: Chain, collection: str) -> Intent | None:
        """A question about a record of a collection, which a look-up answers."""
        key = self._record_of(chain, collection) if self._may_know(collection) else None
        if key is None or (collection, key) in self.subjects:
            return None
        tried, first = chain.fork(), len(chain.steps)
        found = await self.lookups.find(tried, collection, key)
        subject = self._told(found) if found is not None else None
        if found is None or subject is None:
            return None
        known = self.terrain.knowable(collection, found.shown)
        fields = [name for name in known if name not in subject.marks and name not in found.said]
        if not fields:
            return None
        asked = self.draw.choice(fields)
        chain.become(tried)
        self.subjects[collection, key] = subject
        self.changed.add((collection, key))
        tool = self.terrain.runtime.tool(chain.steps[-1].call.name)
        return Intent(
            "question",
            tool,
            {"": subject},
            {},
            found.said,
            range(first, len(chain.steps)),
            (fact_of(str(known[asked])),),
            asked,
        )

    def status_fact(self, chain: Chain, intent: Intent) -> Fact | None:
        """What is to be told of the record of a refused change: its status, where that is why it was refused."""
        failure = chain.steps[-1].event.failure
        for subject in intent.subjects.values():
            status = (chain.snapshot.state.get(subject.collection, subject.key) or {}).get("status")
            if isinstance(status, str) and failure is not None and _tells_of(failure.code, failure.message, status):
                return fact_of(humanize(status))
        return None


def _tells_of(code: str, message: str, status: str) -> bool:
    """Whether a refusal is about a status: it names it, or says which one would be right."""
    return wanted_status(code) is not None or humanize(status) in f"{humanize(code)} {message.lower()}"


def wanted_status(code: str) -> str | None:
    """The status that the code of an error says was wanted: `booked` of `appointment_not_booked`."""
    found = _NOT_IN.search(code)
    return None if found is None else found[1]


_NOT_IN = re.compile(r"(?:^|_)not_(\w+)$")
_AGAIN = 0.6
"""How often a change is about what the conversation made, where it made something."""


def _in_order(values: dict[str, JsonValue], draw: random.Random) -> dict[str, JsonValue]:
    """The values with the end of something after its start."""
    for first, last in _STARTS_AND_ENDS:
        start, end = values.get(first), values.get(last)
        if isinstance(start, str) and isinstance(end, str) and end <= start:
            later = date.fromisoformat(start) + timedelta(days=draw.randint(1, _LONGEST_STAY))
            values = {**values, last: later.isoformat()}
    return values


_STARTS_AND_ENDS = (("start_date", "end_date"), ("arrival", "departure"), ("leaving", "returning"))
_LONGEST_STAY = 21


def values_in(intents: Sequence[Intent]) -> dict[str, list[JsonValue]]:
    """What a user has to say over several intents: of each parameter all values, each once."""
    found: dict[str, list[JsonValue]] = {}
    for intent in intents:
        for name, value in intent.said.items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return found
