"""What a user says: clauses written from the calls that were made, and requests put together of them by a grammar."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Literal, get_args

from toolworld.environments import ToolSpec
from toolworld.ground import JsonValue, humanize
from toolworld.rollout.synthesis.grammar import grammar, noun_of, preposition_of, texts_for, words_of
from toolworld.rollout.synthesis.intents import Intent
from toolworld.rollout.synthesis.subject import Subject
from toolworld.rollout.synthesis.terrain import TITLES, Terrain
from toolworld.rollout.synthesis.values import DAY, in_words

Style = Literal[
    "direct",
    "exploratory",
    "underspecified",
    "preference_driven",
    "correction_heavy",
    "comparison_oriented",
    "goal_driven",
]
"""How a user speaks; the styles of data-generator."""
STYLES: tuple[Style, ...] = get_args(Style)
_BACKGROUND = 0.6
"""How often people say why they call, or what goes on around them."""
_QUOTED = ("title",)


@dataclass
class Wording:
    """Words for the intents of one person.

    Args:
        terrain: The environment.
        draw: Decides the words.
        person: Whom the conversation is about; None where the environment knows nobody.
        is_own: Whether it is with them.
    """

    terrain: Terrain
    draw: random.Random
    person: tuple[str, str] | None
    is_own: bool = True

    def __post_init__(self) -> None:
        self._form_of_days = self.draw.random()  # people write days in one way

    def _words(self, value: JsonValue) -> str:
        """A value as this person says it."""
        return in_words(value, random.Random(self._form_of_days))

    def clause(self, intent: Intent, without: Sequence[str] = ()) -> str:
        """What an intent is, in the base form.

        Args:
            intent: The intent.
            without: Parameters of which nothing is said.
        """
        if intent.kind == "question":
            return f"tell me {self._what(intent)}"
        if intent.kind == "not_theirs":
            return self._of_another(intent)
        action = self._action(intent, without)
        subject = self._own(intent)
        if intent.kind == "refusal" and intent.facts:
            return self._of("refusal", clause=action, it=self._with_status(intent) or "it")
        if intent.kind == "condition":
            it = "it" if subject is not None else self._with_status(intent)
            return self._of("condition", clause=action, it=it or "it", status=self._words(intent.asked))
        return action

    def _with_status(self, intent: Intent) -> str | None:
        """The record whose status decides over a change, as it is called beside others: `the reservation`."""
        for subject in intent.subjects.values():
            if isinstance(self._value_of(subject, "status"), str):
                return f"the {noun_of(subject.collection)}"
        return None

    def _what(self, intent: Intent) -> str:
        subject = intent.subjects[""]
        if _is_event(intent.asked, self._value_of(subject, intent.asked)):
            return f"on which day {self.thing(subject)} was {humanize(intent.asked)}"
        if self.is_own and self.person == (subject.collection, subject.key):
            return f"my {humanize(intent.asked)} as you have it"
        if intent.asked in words_of("no_nouns"):
            return f"the date under “{humanize(intent.asked)}” of {self.thing(subject)}"
        return f"the {humanize(intent.asked)} of {self.thing(subject)}"

    def request(self, intents: Sequence[Intent], style: Style, name: str | None, without: Sequence[str]) -> str:
        """The opening words of a user.

        Args:
            intents: What they want, in its order.
            style: How they speak.
            name: What they are called; None if they do not say it, or have none.
            without: Parameters of which nothing is said.
        """
        greeting = self._choice(grammar()["greetings"]["all"])
        said = [f"{greeting}," if greeting and name is not None else f"{greeting}." if greeting else ""]
        if name is not None:
            said.append(self._of("identity" if self.is_own else "about", name=name))
        if self.draw.random() < _BACKGROUND:
            said.append(self._choice(grammar()["background"]["own" if self.is_own else "about"]))
        for number, intent in enumerate(intents):
            if intent.kind == "question":
                said.append(self._of("question", what=self._what(intent)))
                continue
            clause = self.clause(intent, without)
            if intent.kind == "not_theirs":
                said.append(self._of("others", clause=clause))
            elif number == 0:
                said.append(self._form(grammar()["first"][style]["all"], clause))
            elif intent.kind in ("fallback", "condition", "refusal"):
                said.append(self._of("fallback" if intent.kind == "fallback" else "next_long", clause=clause))
            else:
                said.append(self._form(grammar()["next"]["all"], clause))
        said.append(self._choice(grammar()["closings"][style]["all"]))
        return _sentences([one for one in said if one])

    def correction(self, intent: Intent) -> str:
        """What a user says who wants a change otherwise."""
        [(name, value)] = intent.second.items()
        return self._of("correction", field=humanize(name), value=self._words(value))

    def _value_of(self, subject: Subject, name: str) -> JsonValue:
        return (self.terrain.runtime.start.state.get(subject.collection, subject.key) or {}).get(name)

    def thing(self, subject: Subject) -> str:
        """A record as its user speaks of it: `my appointment on 4 May`."""
        if self.person == (subject.collection, subject.key):
            return "my record" if self.is_own else f"the record of this {noun_of(subject.collection)}"
        noun = noun_of(subject.collection)
        if subject.is_new:
            return self.draw.choice([f"the new {noun}", f"that new {noun}"])
        owner = "my" if self._is_own(subject) else "the"
        kinds = [self._words(value) for one, value in subject.marks.items() if one in words_of("sorts")]
        words = " ".join([owner, *kinds, noun, *self._marks(subject)])
        return f"{words} of {self.thing(subject.owner)}" if subject.owner is not None else words

    def _marks(self, subject: Subject) -> Iterator[str]:
        """What tells a record from others, in words."""
        own = self._called if self._is_own(subject) else None
        for name, value in subject.marks.items():
            if value == own or name in words_of("sorts"):
                continue
            words = self._words(value)
            if name == self.terrain.key_fields[subject.collection]:
                yield str(value)
            elif name in TITLES:
                yield words if name == "name" else f"“{words}”"
            elif name == "status":
                yield f"that is {words}"
            elif before := preposition_of(name):
                yield f"{before} {_quoted(name, words)}"
            elif _is_event(name, value):
                yield f"{humanize(name)} on {words}"
            else:
                yield f"with {humanize(name)} {words}"

    @property
    def _called(self) -> str | None:
        """What the person is called."""
        record = self.terrain.runtime.start.state.get(*self.person) if self.person else None
        return self.terrain.title_of(self.person[0], record) if self.person and record else None

    def _is_own(self, subject: Subject) -> bool:
        record = self.terrain.runtime.start.state.get(subject.collection, subject.key)
        if self.person is None or record is None or not self.is_own:
            return False
        return self.terrain.is_of(self.person, subject.collection, record)

    def _own(self, intent: Intent) -> Subject | None:
        """The record that a tool is about by its name; else the only one that is not the person."""
        words = humanize(intent.tool.name)
        subjects = [one for one in intent.subjects.values() if words.endswith(noun_of(one.collection))]
        others = [one for one in intent.subjects.values() if (one.collection, one.key) != self.person]
        return subjects[0] if subjects else others[0] if len(others) == 1 and not intent.values else None

    def _action(self, intent: Intent, without: Sequence[str]) -> str:
        own = self._own(intent)
        values = {name: value for name, value in intent.values.items() if name not in without}
        words = humanize(intent.tool.name).split()
        if words[0] in words_of("changing") and self._writes_fields(own, intent):
            return self._update(own or next(iter(intent.subjects.values())), values, without=len(without) > 0)
        if own is not None:
            action = self._action_on(own, humanize(intent.tool.name))
        else:
            verb, noun = self._verb_and_noun(intent.tool)
            action = f"{verb} {_article(noun)} {noun}" if noun else verb
        return " ".join([action, *self._others(intent, own), *self._values(values)])

    def _of_another(self, intent: Intent) -> str:
        """What a tool would do to another person's record: `renew the loan of Rhys Pickles`."""
        verb, noun = self._verb_and_noun(intent.tool)
        return f"{verb} the {noun} of {intent.asked}"

    def _action_on(self, subject: Subject, words: str) -> str:
        """What a tool does to a record: `cancel my appointment`, `reset mfa for my account`."""
        noun = noun_of(subject.collection)
        verb, _, how = words.partition(" ")
        if how in words_of("states"):
            return f"{verb} {self.thing(subject)} {how}"
        if words.endswith(noun) and words != noun:
            return f"{words.removesuffix(noun).strip()} {self.thing(subject)}"
        return f"{words} for {self.thing(subject)}" if " " in words else f"{words} {self.thing(subject)}"

    def _writes_fields(self, own: Subject | None, intent: Intent) -> bool:
        """Whether all that is asked for are fields of the record."""
        subject = own or next(iter(intent.subjects.values()), None)
        if subject is None or not intent.values:
            return False
        fields = self.terrain.runtime.environment.state_schema.collections[subject.collection].record.get("properties")
        return isinstance(fields, dict) and {*intent.values} <= {*fields}

    def _verb_and_noun(self, tool: ToolSpec) -> tuple[str, str]:
        words = humanize(tool.name)
        nouns = sorted((noun_of(one) for one in self.terrain.key_fields), key=len, reverse=True)
        noun = next((one for one in nouns if words.endswith(f" {one}")), None)
        if noun is not None:
            return words.removesuffix(noun).strip(), noun
        verb, _, rest = words.partition(" ")
        return verb, rest

    def _update(self, subject: Subject, values: Mapping[str, JsonValue], *, without: bool) -> str:
        is_person = self.person == (subject.collection, subject.key)
        owner = "my" if is_person and self.is_own else "the"
        of = "" if is_person and self.is_own else f" of {self.thing(subject)}"
        if not values and without:
            return f"change something about {'my record' if is_person else self.thing(subject)}"
        changes = [f"{humanize(name)} to {_quoted(name, self._words(value))}" for name, value in values.items()]
        first, *others = changes
        field, _, new = first.partition(" to ")
        verb = self.draw.choice(["change", "set", "update"])
        return " ".join([f"{verb} {owner} {field}{of} to {new}", *(f"and the {one}" for one in others)])

    def _others(self, intent: Intent, own: Subject | None) -> Iterator[str]:
        """The other records that a call names: `with dentist Clive Newman`."""
        for name, subject in intent.subjects.items():
            if subject is own or (subject.collection, subject.key) == self.person:
                continue
            noun = humanize(name).removesuffix(" id")
            title = next((self._words(subject.marks[one]) for one in TITLES if one in subject.marks), None)
            is_person = subject.collection in self.terrain.people or "name" in subject.marks
            preposition = "with" if is_person else "for"
            yield f"{preposition} {noun} {title}" if title else f"{preposition} {self.thing(subject)}"

    def _values(self, values: Mapping[str, JsonValue]) -> Iterator[str]:
        plain: list[str] = []
        for name, value in values.items():
            words = _quoted(name, self._words(value))
            if isinstance(value, bool):
                yield f"{'with' if value else 'without'} {humanize(name)}"
            elif before := preposition_of(name):
                yield f"{before} {words}"
            else:
                plain.append(f"{humanize(name)} {words}")
        if plain:
            *others, last = plain
            yield f"with {', '.join(others)} and {last}" if others else f"with {last}"

    def _of(self, part: str, **given: str) -> str:
        return Template(self._choice(grammar()[part]["all"])).substitute(given)

    def _form(self, forms: Sequence[str], clause: str) -> str:
        return Template(self._choice(forms)).substitute(clause=clause)

    def _choice(self, forms: Sequence[str]) -> str:
        return self.draw.choice(forms)


def _is_event(name: str, value: JsonValue) -> bool:
    """Whether a field says when something was done: `raised`, `posted`, `made`."""
    is_day = isinstance(value, str) and DAY.match(value) is not None
    return is_day and (name.endswith("ed") or name in ("made", "bought", "sent", "paid", "taken"))


def _quoted(name: str, words: str) -> str:
    return f"“{words}”" if name in _QUOTED or texts_for(name) else words


def _article(noun: str) -> str:
    if noun in words_of("uncounted"):
        return "some"
    return "an" if noun[:1] in "aeiou" else "a"


def _sentences(parts: Sequence[str]) -> str:
    """Sentences in a row, each with a capital letter but behind a comma."""
    text = ""
    for part in parts:
        begins = part if text.endswith(",") else part[0].upper() + part[1:]
        text = f"{text} {begins}".strip()
    return text


def of_another(clause: str) -> str:
    """A clause as it is told to the one who wants it: `cancel your appointment`."""
    words = {"my": "your", "me": "you", "I": "you", "I'd": "you'd"}
    return " ".join(words.get(one, one) for one in clause.split(" "))
