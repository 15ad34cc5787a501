"""The records that are judged: runs of toolworld, and conversation records of others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from toolworld.datasets import ConversationCall, ConversationMessage, ConversationRecord, Task, Trajectory, Verdict
from toolworld.environments import Runtime
from toolworld.ground import JsonObject, JsonValue
from toolworld.judges import (
    Judgement,
    ModelJudge,
    RepairHistory,
    RepairSource,
    ShownRun,
    Version,
    judge,
    of_conversation,
    of_trajectory,
)
from toolworld.llm import Message
from toolworld.rollout import PlannedRun

PlayAgain = Callable[[PlannedRun, Runtime, str], Awaitable[Trajectory]]
"""Plays a run again, by an agent that is told what was wrong."""


class InputRecord(Protocol):
    """A record of a file that is judged."""

    @property
    def shown(self) -> ShownRun:
        """As judges see it."""
        ...

    def judged(self, judgement: Judgement, history: RepairHistory | None) -> JsonObject:
        """The record with its judgement, and with what was tried to repair it."""
        ...

    def source(self) -> "RepairSource[InputRecord]":
        """The record as it can be repaired."""
        ...

    async def reworded(self, messages: tuple[Message, ...]) -> "Version[InputRecord]":
        """The record with other messages around the same calls."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationInput:
    """A conversation record, of which neither tools nor state are known."""

    record: ConversationRecord
    shown: ShownRun

    @classmethod
    def of(cls, record: ConversationRecord) -> "ConversationInput":
        """A record as it is read."""
        return cls(record, of_conversation(record))

    def judged(self, judgement: Judgement, history: RepairHistory | None) -> JsonObject:
        """The record with the judgement in its metadata, as data-generator has it."""
        raw = self.record.model_dump(mode="json", exclude_unset=True)
        scores: JsonObject = {one.item: one.score for one in judgement.items}
        judged: JsonObject = {
            **scores,
            "mean_score": judgement.mean,
            "reasoning": " ".join(f"{one.item}: {one.why}" for one in judgement.items),
            "judge_model": ", ".join(judgement.judges),
            "passed": judgement.passed is True,
            "failed_gates": [*judgement.failed_gates],
            "error": judgement.failure,
            "calibration": judgement.calibration,
            "left_out": judgement.left_out,
        }
        repair: JsonObject = {} if history is None else {"repair": history.model_dump(mode="json")}
        metadata: JsonObject = {
            **self.record.metadata,
            "judge_scores": judged,
            "passed": judgement.passed is True,
            **repair,
        }
        return {**raw, "metadata": metadata}

    def source(self) -> RepairSource[InputRecord]:
        """All that is said can be written anew; calls and results cannot, as nobody can make them again."""
        return RepairSource(Version(self.shown, self), frozenset({"user", "assistant"}), _reworded)

    async def reworded(self, messages: tuple[Message, ...]) -> Version[InputRecord]:
        """The record with other messages: its own ones where they are the same, or have only another text."""
        own = dict(zip(map(id, self.shown.messages), self.record.messages, strict=True))
        shapes = [(one.role, one.tool_calls) for one in messages]
        in_place = shapes == [(one.role, one.tool_calls) for one in self.shown.messages]
        made: list[ConversationMessage] = []
        for turn, one in enumerate(messages):
            raw = own.get(id(one)) or (self.record.messages[turn] if in_place else None)
            made.append(_conversation_message(one) if raw is None else raw.model_copy(update={"content": one.content}))
        new = ConversationInput.of(self.record.model_copy(update={"messages": tuple(made)}))
        return Version(new.shown, new)


async def _reworded(record: "InputRecord", messages: tuple[Message, ...]) -> "Version[InputRecord]":
    return await record.reworded(messages)


def _conversation_message(message: Message) -> ConversationMessage:
    calls = tuple(ConversationCall(name=one.name, parameters=one.arguments) for one in message.tool_calls)
    return ConversationMessage(role=message.role, content=message.content, tool_calls=calls or None)


@dataclass(frozen=True, slots=True)
class TrajectoryInput:
    """A run of toolworld."""

    task: Task
    trajectory: Trajectory
    verdict: Verdict
    runtime: Runtime
    statement_judge: ModelJudge | None = None
    play_again: PlayAgain | None = None

    @property
    def shown(self) -> ShownRun:
        """As judges see it, with what the checks found."""
        return of_trajectory(self.task, self.trajectory, self.runtime.environment, self.verdict)

    def judged(self, judgement: Judgement, history: RepairHistory | None) -> JsonObject:
        """The verdict with the judgement."""
        repair: dict[str, JsonValue] = {} if history is None else {"repair": history.model_dump(mode="json")}
        return {
            "verdict": self.verdict.model_dump(mode="json"),
            "judgement": judgement.model_dump(mode="json"),
            **repair,
        }

    def source(self) -> RepairSource[InputRecord]:
        """What the agent said can be written anew, but for what the user agreed to, and the task be played again."""
        return RepairSource(Version(self.shown, self), frozenset({"assistant"}), _reworded, self._again())

    async def reworded(self, messages: tuple[Message, ...]) -> Version[InputRecord]:
        """The run with other texts, judged again; the name of its agent says that they are not its own."""
        given = iter(messages)
        own = tuple(one if one.role == "system" else next(given) for one in self.trajectory.messages)
        answer = next(given, None)
        agent = self.trajectory.agent.removesuffix(REWORDED) + REWORDED
        made = self.trajectory.model_copy(update={"messages": own, "agent": agent})
        return await self._judged_again(made if answer is None else made.model_copy(update={"answer": answer.content}))

    def _again(self) -> Callable[[str], Awaitable[Version[InputRecord]]] | None:
        play_again = self.play_again
        if play_again is None:
            return None

        async def again(problems: str) -> Version[InputRecord]:
            run = PlannedRun(self.task, self.trajectory.seed, self.trajectory.trial)
            played = await play_again(run, self.runtime, problems)
            return await self._judged_again(played.model_copy(update={"id": self.trajectory.id}))

        return again

    async def _judged_again(self, trajectory: Trajectory) -> Version[InputRecord]:
        verdict = await judge(self.task, trajectory, self.runtime, statement_judge=self.statement_judge)
        new = replace(self, trajectory=trajectory, verdict=verdict)
        return Version(new.shown, new)


REWORDED = " (reworded)"
"""What is added to the name of an agent whose texts were written anew."""
