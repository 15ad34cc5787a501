"""The records that are judged: runs of toolworld, and conversation records of others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from toolworld.datasets import ConversationMessage, ConversationRecord, Task, Trajectory, Verdict
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

PlayAgain = Callable[[Task, Runtime, int, str], Awaitable[Trajectory]]
"""Plays a task again, under a seed, by an agent that is told what was wrong."""


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
        return RepairSource(Version(self.shown, self), frozenset({"user", "assistant"}), self._reworded)

    async def _reworded(self, messages: tuple[Message, ...]) -> Version[InputRecord]:
        made = self.record.model_copy(update={"messages": tuple(self._message(one, messages) for one in messages)})
        new = ConversationInput(made, replace(self.shown, messages=messages))
        return Version(new.shown, new)

    def _message(self, message: Message, messages: Sequence[Message]) -> ConversationMessage:
        """A message as the record has it: its own one, with another text where that is new."""
        for old, raw in zip(self.shown.messages, self.record.messages, strict=True):
            if old is message:
                return raw
        if len(messages) == len(self.record.messages):
            raw = self.record.messages[next(turn for turn, one in enumerate(messages) if one is message)]
            return raw.model_copy(update={"content": message.content})
        return ConversationMessage(role=message.role, content=message.content)


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
        """What the agent said can be written anew, and the task be played again."""
        again = None if self.play_again is None else self._played_again
        return RepairSource(Version(self.shown, self), frozenset({"assistant"}), self._reworded, again)

    async def _reworded(self, messages: tuple[Message, ...]) -> Version[InputRecord]:
        given = iter(messages)
        own = tuple(one if one.role == "system" else next(given) for one in self.trajectory.messages)
        answer = next(given, None)
        made = self.trajectory.model_copy(update={"messages": own})
        return await self._judged_again(made if answer is None else made.model_copy(update={"answer": answer.content}))

    async def _played_again(self, problems: str) -> Version[InputRecord] | None:
        if self.play_again is None:
            return None
        played = await self.play_again(self.task, self.runtime, self.trajectory.seed, problems)
        return await self._judged_again(played.model_copy(update={"trial": self.trajectory.trial}))

    async def _judged_again(self, trajectory: Trajectory) -> Version[InputRecord]:
        verdict = await judge(self.task, trajectory, self.runtime, statement_judge=self.statement_judge)
        new = replace(self, trajectory=trajectory, verdict=verdict)
        return Version(new.shown, new)
