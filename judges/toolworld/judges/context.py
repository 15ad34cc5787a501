"""What every check is given, and what a check is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

from toolworld.datasets import (
    CheckResult,
    GroundTruth,
    ReferenceCall,
    Task,
    Trajectory,
    has_references,
    value_facts,
    with_results,
    wording_of,
)
from toolworld.environments import Environment, Event, Runtime, State
from toolworld.ground import JsonValue, same
from toolworld.judges.facts.heard import Heard
from toolworld.judges.facts.reading import Reading, read_message
from toolworld.judges.statements.statement_judge import StatementJudge


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message of the agent's, as it was read."""

    turn: int | None
    """Its position in the trajectory's messages; None for what an outside agent says that it told the user."""
    content: str
    reading: Reading


@dataclass(frozen=True)
class JudgeContext:
    """A run to be judged: the task, the trajectory, and the environment in which both were made."""

    task: Task
    trajectory: Trajectory
    runtime: Runtime
    judge: StatementJudge | None = None
    """Who judges statements; None where nobody does."""

    @property
    def environment(self) -> Environment:
        """The environment's specification."""
        return self.runtime.environment

    @cached_property
    def results(self) -> dict[int, JsonValue]:
        """What the reference calls returned in this run, by position; where it did not make one, in the reference."""
        results = {number: reference.result for number, reference in enumerate(self.task.calls)}
        left = list(self.trajectory.log)
        for number, reference in enumerate(self.task.calls):
            event = next((event for event in left if _is_made(reference, event)), None)
            if event is not None:
                left.remove(event)
                results[number] = event.result
        return results

    @cached_property
    def truth(self) -> GroundTruth:
        """What the run is held against, with what its facts and forbidden calls say of earlier results."""
        return with_results(self.task.truth, self.results)

    @cached_property
    def said(self) -> tuple[Utterance, ...]:
        """What the agent said to the user, in order, read on the day on which it was said."""
        found: list[Utterance] = []
        step = 0
        for turn, message in enumerate(self.trajectory.messages):
            if message.role == "tool":
                step += 1
            elif message.role == "assistant" and message.content:
                found.append(self._utterance(message.content, turn, step))
        if self.trajectory.answer:
            found.append(self._utterance(self.trajectory.answer, None, len(self.trajectory.log)))
        return tuple(found)

    @cached_property
    def heard(self) -> Heard:
        """What the agent read and heard in the whole run: the policy, the user, and what calls returned."""
        refusals = [event.failure.message for event in self.trajectory.log if event.failure is not None]
        results = [event.result for event in self.trajectory.log if event.failure is None]
        return self._heard([*self.words_of_user, *refusals], results)

    @cached_property
    def heard_in_reference(self) -> Heard:
        """What an agent that makes the reference calls reads and hears."""
        scenario = self.task.scenario
        words = [self.task.request, scenario.known, *(reaction.say for reaction in scenario.reactions)]
        return self._heard(words, [*(reference.result for reference in self.task.calls), dict(scenario.facts)])

    @cached_property
    def known_values(self) -> Heard:
        """What the agent heard, what it did with success, and the facts that it has to tell."""
        facts = [wording_of(value) for fact in self.truth.facts for value in value_facts(fact)]
        done = [event.call.arguments for event in self.trajectory.log if event.failure is None]
        return self.heard.with_more(facts, done)

    def _heard(self, texts: Sequence[str], results: Sequence[JsonValue]) -> Heard:
        return Heard([self.environment.policy, *texts], results, self.first_day, self.environment.reads)

    @cached_property
    def words_of_user(self) -> tuple[str, ...]:
        """What the user said, in order, the task's request first."""
        words = [message.content for message in self.trajectory.messages if message.role == "user" and message.content]
        return (self.task.request, *words[words[:1] == [self.task.request] :])

    @cached_property
    def heard_from_user(self) -> tuple[Reading, ...]:
        """What the user said, as it was read."""
        return tuple(read_message(words, self.first_day, self.environment.reads) for words in self.words_of_user)

    def heard_before(self, turn: int | None) -> tuple[Reading, ...]:
        """What the user had said before a message; everything where it is none of the conversation's."""
        messages = self.trajectory.messages
        words = [message.content for message in messages[:turn] if message.role == "user" and message.content]
        return tuple(read_message(said, self.first_day, self.environment.reads) for said in (self.task.request, *words))

    @cached_property
    def first_day(self) -> date:
        """The day on which the episode begins."""
        return self._day(0)

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The state before each step of the log, and the last one after it."""
        snapshots = [self.runtime.start]
        for event in self.trajectory.log:
            snapshots.append(self.runtime.advance(snapshots[-1], event))
        return tuple(snapshot.state for snapshot in snapshots)

    def _utterance(self, content: str, turn: int | None, step: int) -> Utterance:
        return Utterance(turn, content, read_message(content, self._day(step), self.environment.reads))

    def _day(self, step: int) -> date:
        return self.environment.clock.at(step).date()


def _is_made(reference: ReferenceCall, event: Event) -> bool:
    """Whether an event is a reference call, apart from arguments that come from earlier results."""
    if reference.error != (event.failure.code if event.failure else None):
        return False
    written = (reference.written or reference.call).arguments
    return event.call.name == reference.call.name and all(
        has_references(value) or same(event.call.arguments.get(name), value) for name, value in written.items()
    )


class Check(Protocol):
    """Looks at one component of a run: an async function of a `JudgeContext`.

    A check sees only what it is given, changes nothing, and never guesses: what it cannot look at is `skipped`, and
    what it cannot decide is `unclear`.
    """

    async def __call__(self, context: JudgeContext, /) -> CheckResult:
        """Check the run."""
        ...
