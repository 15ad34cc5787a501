"""A run as its page shows it: turns with their calls, each call with what it changed and what is held against it."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from toolworld.datasets import CheckResult, Evidence, wording_of
from toolworld.environments import Event, State, place_of
from toolworld.ground import JsonObject, JsonValue
from toolworld.llm import Message
from toolworld.server.viewer.pages.changes import Change, ChangingState, ComparedRecord, compared_records
from toolworld.server.viewer.runs.opened import OpenedRun
from toolworld.server.viewer.runs.why import why

CALLS_A_PAGE = 200
"""Calls that one page of a run shows."""
CALLS_A_TURN = 50
"""Calls that one turn shows; those of a longer one are shown as several."""
MAX_ANSWERS = 20_000
"""Calls of one message that are looked at."""
MAX_STOPS = 200
"""Up to how many calls the strip of all calls has a mark each; of more, a mark stands for several."""
INLINE_CALLS = 60
"""Up to how many calls the whole of each stands in the page; of more it is fetched when it is unfolded."""

WHO_ANSWERED = {
    "behaviour": "the program",
    "check": "the check of arguments",
    "cache": "the model, as it answered before",
    "model": "a model",
    "replay": "the recording",
    "resource": "a look-up in the resource",
}
CHECKS = {
    "state": "every expected change, and no other",
    "calls": "calls that the final state cannot show",
    "answer": "the user was told what they had to be told",
    "policy": "rules and forbidden calls kept",
    "statements": "what was said in words",
}
INJECTED = {
    "transient": "it was refused as temporarily unavailable",
    "rate_limit": "it was refused as too many requests",
    "latency": "the answer was held back",
    "stale_read": "it was shown the state of before",
}
STOPS = {
    "done": "the user was done",
    "turn_limit": "too many turns",
    "call_limit": "too many calls",
    "token_limit": "too many tokens",
    "budget": "the budget was spent",
    "failed": "something broke",
}
_ORDER = {"fail": 0, "unclear": 1, "pass": 2, "skipped": 3}
Speaker = Literal["user", "agent", "log"]


_VALUES = re.compile(r" (?:created with|changed to|set to) [\[{\"].*?(?=; expected|$)", re.DOTALL)
_KIND = {" created with ": " created", " changed to ": " changed", " set to ": " set"}


def brief_evidence(evidence: Evidence) -> str:
    """Evidence as a line: the values of a changed record are left out, since its fields stand beside it."""
    text = evidence.text.removeprefix(f"step {evidence.step}: ")
    if evidence.record is None or evidence.kind not in ("missing", "wrong", "not_allowed"):
        return text
    brief = _VALUES.sub(lambda hit: next(word for start, word in _KIND.items() if hit[0].startswith(start)), text)
    return brief.partition("; expected: ")[0] + (" otherwise than expected" if evidence.kind == "wrong" else "")


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """A piece of evidence against the run, with the check that found it."""

    check: str
    evidence: Evidence

    @property
    def text(self) -> str:
        """The evidence, as a line."""
        return brief_evidence(self.evidence)


@dataclass(frozen=True, slots=True)
class CallView:
    """A call: what was asked, what came of it, what it changed, and what is held against it."""

    name: str
    arguments: Mapping[str, JsonValue]
    event: Event | None
    """None for a tool that does not exist: the call never reached the environment."""
    effect: str
    changes: tuple[Change, ...] = ()
    against: tuple[HeldAgainst, ...] = ()

    @property
    def step(self) -> int | None:
        """Its step of the log."""
        return self.event.step if self.event else None

    @property
    def is_refused(self) -> bool:
        """Whether it did not succeed."""
        return self.event is None or self.event.failure is not None

    @property
    def answered_by(self) -> str:
        """Who answered it."""
        return WHO_ANSWERED[self.event.simulator] if self.event else "nobody"


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said at once, with the calls that were made."""

    number: int
    """The position in the trajectory's messages."""
    who: Speaker
    text: str | None
    calls: tuple[CallView, ...] = ()
    told: tuple[str, ...] = ()
    """Facts that it told the user."""
    against: tuple[HeldAgainst, ...] = ()
    agrees: str | None = None
    raw: JsonObject | None = None
    is_continued: bool = False
    """Whether it is the rest of a turn with very many calls."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A mark of the strip of all calls: one call, or several in a row."""

    first: int
    last: int
    name: str
    changed: bool
    refused: bool
    against: bool
    page: int


@dataclass(slots=True)
class RunPage:
    """What a page about a run needs to know."""

    run: OpenedRun
    _turns: list[Turn] = field(default_factory=list[Turn])

    @property
    def outcome(self) -> str:
        """The outcome of its verdict."""
        return self.run.verdict.outcome if self.run.verdict else "open"

    @property
    def why(self) -> str:
        """Why it was judged so."""
        if self.outcome == "pass" and self.run.is_heard:
            made = len(self.run.trajectory.changes)
            noun = "one change was" if made == 1 else f"all {made} changes were" if made else "nothing was to be"
            return f"Every check passed: {noun} {'changed, and nothing was' if not made else 'made as expected'}."
        return why(self.run.verdict)

    @property
    def request(self) -> str:
        """What the user wanted."""
        return self.run.task.request if self.run.task else self.run.row.request

    @property
    def checks(self) -> list[CheckResult]:
        """The checks, those that failed first."""
        found = self.run.verdict.checks if self.run.verdict else ()
        return sorted(found, key=lambda check: _ORDER[check.outcome])

    @property
    def start(self) -> State | None:
        """The state in which it began, where the environment is at hand."""
        return self.run.runtime.start.state if self.run.runtime else None

    @property
    def compared(self) -> list[ComparedRecord]:
        """What was expected beside what was made."""
        state = next((check for check in self.checks if check.name == "state"), None)
        return compared_records(self.run.trajectory, self.run.task, state, self.start)

    @property
    def turns(self) -> Sequence[Turn]:
        """All that was said and called."""
        if not self._turns:
            self._turns = [*_turns_of(self.run)]
        return self._turns

    @property
    def calls(self) -> list[CallView]:
        """All calls that reached the environment, by their steps."""
        return [call for turn in self.turns for call in turn.calls if call.event]

    def call(self, step: int) -> CallView | None:
        """The call of a step."""
        return next((call for call in self.calls if call.step == step), None)

    @property
    def last_changes(self) -> dict[str, int]:
        """By record, the last step that changed it."""
        return {change.place: call.step for call in self.calls for change in call.changes if call.step is not None}

    @property
    def writes(self) -> int:
        """How many calls changed something."""
        return sum(bool(event.ops) for event in self.run.trajectory.log)

    @property
    def injected(self) -> int:
        """How many calls had a fault put into them."""
        return sum(event.injected is not None for event in self.run.trajectory.log)

    def pages(self) -> list[list[Turn]]:
        """The turns by page."""
        found, count = [list[Turn]()], 0
        for turn in self.turns:
            if count and count + max(1, len(turn.calls)) > CALLS_A_PAGE:
                found.append([])
                count = 0
            found[-1].append(turn)
            count += max(1, len(turn.calls))
        return found

    def stops(self, pages: Sequence[Sequence[Turn]]) -> list[Stop]:
        """The marks of the strip of all calls."""
        calls = self.calls
        starts = [
            next((call.step for turn in page for call in turn.calls if call.step is not None), -1) for page in pages
        ]
        first_of_page = [step for step in starts if step >= 0]
        size = -(-len(calls) // MAX_STOPS) or 1
        return [_stop(calls[at : at + size], first_of_page) for at in range(0, len(calls), size)]


def _stop(calls: Sequence[CallView], first_of_page: Sequence[int]) -> Stop:
    steps = [call.step for call in calls if call.step is not None]
    return Stop(
        first=steps[0],
        last=steps[-1],
        name=calls[0].name if len(calls) == 1 else f"{len(calls)} calls",
        changed=any(call.changes for call in calls),
        refused=all(call.is_refused for call in calls),
        against=any(call.against for call in calls),
        page=max(1, bisect_right(first_of_page, steps[0])),
    )


@dataclass(slots=True)
class _Reading:
    """A log that is read along with the conversation."""

    run: OpenedRun
    state: ChangingState
    at_step: Mapping[int, list[HeldAgainst]]
    read: int = 0
    """How many events were read."""

    def event(self) -> CallView:
        """The next call of the log."""
        event = self.run.trajectory.log[self.read]
        self.read += 1
        tool = self.run.environment.tool(event.call.name) if self.run.environment else None
        effect = tool.effect if tool else "write" if event.ops else "read"
        against = tuple(self.at_step.get(event.step, ()))
        return CallView(event.call.name, event.call.arguments, event, effect, self.state.apply(event.ops), against)

    def rest(self, end: int) -> Iterator[CallView]:
        """The calls up to a position of the log that are not read yet."""
        while self.read < end:
            yield self.event()


def _turns_of(run: OpenedRun) -> Iterator[Turn]:
    at_step, at_turn, told = _evidence_by_place(run)
    reading = _Reading(run, ChangingState(run.runtime.start.state if run.runtime else None), at_step)
    positions = {event.step: at for at, event in enumerate(run.trajectory.log)}
    for number, message in enumerate(run.trajectory.messages):
        if message.role in ("tool", "system"):
            continue
        calls = [*_calls_of(message, _answers_to(run.trajectory.messages, number), positions, reading)]
        who: Speaker = "user" if message.role == "user" else "agent"
        turn = Turn(
            number,
            who,
            message.content,
            told=tuple(told.get(number, ())),
            against=tuple(at_turn.get(number, ())),
            agrees=message.agrees,
            raw=message.model_dump(mode="json", exclude_defaults=True),
        )
        yield from _in_parts(turn, calls)
    count = len(run.trajectory.messages)
    for call in reading.rest(len(run.trajectory.log)):  # what no message tells of: the agent's words were not heard
        yield Turn(count, "log", None, (call,))
    if run.trajectory.answer:
        yield Turn(count + 1, "agent", run.trajectory.answer, told=tuple(told.get(count + 1, ())))


def _answers_to(messages: Sequence[Message], number: int) -> dict[str | None, int | None]:
    """The steps of a message's calls, by their ids, which some agents use anew in each turn."""
    answers = takewhile(lambda one: one.role == "tool", messages[number + 1 : number + 1 + MAX_ANSWERS])
    return {one.tool_call_id: one.step for one in answers}


def _calls_of(
    message: Message, steps: Mapping[str | None, int | None], positions: Mapping[int, int], reading: _Reading
) -> Iterator[CallView]:
    for wish in message.tool_calls:
        position = positions.get(step) if (step := steps.get(wish.id)) is not None else None
        if position is None or position < reading.read:
            yield CallView(wish.name, wish.arguments, None, "read")
        else:
            yield from reading.rest(position + 1)


def _in_parts(turn: Turn, calls: Sequence[CallView]) -> Iterator[Turn]:
    """A turn, as several where it has very many calls."""
    if turn.text is None and not calls:
        return
    for at in range(0, max(1, len(calls)), CALLS_A_TURN):
        part = tuple(calls[at : at + CALLS_A_TURN])
        yield (
            Turn(turn.number, turn.who, turn.text, part, turn.told, turn.against, turn.agrees, turn.raw)
            if at == 0
            else Turn(turn.number, turn.who, None, part, is_continued=True)
        )


def _evidence_by_place(
    run: OpenedRun,
) -> tuple[Mapping[int, list[HeldAgainst]], Mapping[int, list[HeldAgainst]], Mapping[int, list[str]]]:
    """What is held against the run by step and by turn, and the facts that were told by turn."""
    at_step, at_turn = defaultdict[int, list[HeldAgainst]](list), defaultdict[int, list[HeldAgainst]](list)
    told = defaultdict[int, list[str]](list)
    last = {place_of(op): event.step for event in run.trajectory.log for op in event.ops}
    for check in run.verdict.checks if run.verdict else ():
        for one in check.evidence:
            if one.kind == "told" and one.turn is not None:
                told[one.turn].append(_fact(run, one))
            if check.outcome != "fail" or one.kind in ("made", "told", "kept", "note"):
                continue
            step = one.step if one.step is not None else last.get(one.record or "")
            if step is not None and one.kind != "missing":
                at_step[step].append(HeldAgainst(check.name, one))
            elif one.turn is not None:
                at_turn[one.turn].append(HeldAgainst(check.name, one))
    blame = run.verdict.blame if run.verdict else None
    if blame is not None:
        held = HeldAgainst(blame.party, Evidence(text=blame.message, kind="broken", step=blame.step, turn=blame.turn))
        if blame.step is not None:
            at_step[blame.step].append(held)
        elif blame.turn is not None:
            at_turn[blame.turn].append(held)
    return at_step, at_turn, told


def _fact(run: OpenedRun, evidence: Evidence) -> str:
    facts = run.task.truth.facts if run.task else ()
    if evidence.fact is not None and 0 <= evidence.fact < len(facts):
        return wording_of(facts[evidence.fact])
    return evidence.text.removeprefix("told: ").rpartition(" (")[0] or evidence.text
