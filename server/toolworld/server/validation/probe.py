"""Playing an environment for its checks: right runs, runs with something left out, and runs over OpenEnv's protocol."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from toolworld.datasets import Task, TaskSuite, Trajectory, Verdict, wording_of
from toolworld.environments import Call, Environment, Op
from toolworld.ground import JsonObject, JsonValue
from toolworld.rollout import MUTATIONS, PlannedRun, ScriptedAgent, ScriptedUser, mutated_script, play, script_of
from toolworld.server.adapters.openenv.messages import Action, ResetData
from toolworld.server.adapters.openenv.session import NoRewardError, OpenEnvSession
from toolworld.server.episodes.call_result import call_tool
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.in_process.host import InProcessHost

OTHER_SEED = 7919
"""Of runs whose ids have to differ."""
MISTAKES_A_TASK = 2
"""Runs with a planted mistake that each task is played with."""


@dataclass(frozen=True, slots=True)
class PlayedRun:
    """A run of a task with its verdict."""

    task: Task
    trajectory: Trajectory
    verdict: Verdict

    @property
    def content(self) -> JsonValue:
        """What is the same in a run that is the same."""
        return self.trajectory.model_dump(mode="json", include={"messages", "log", "changes", "final_digest"})


@dataclass(slots=True)
class Probe:
    """Plays an environment.

    Args:
        episodes: Where it is played.
        environment: The environment.
        tasks: The tasks that are played.
        suite: The environment with its tasks.
    """

    episodes: Episodes
    environment: Environment
    tasks: Sequence[Task]
    suite: TaskSuite
    right: list[PlayedRun] = field(default_factory=list[PlayedRun])
    again: list[PlayedRun] = field(default_factory=list[PlayedRun])
    other_seed: list[PlayedRun] = field(default_factory=list[PlayedRun])
    mistaken: list[PlayedRun] = field(default_factory=list[PlayedRun])
    frames: list[JsonObject] = field(default_factory=list[JsonObject])
    """What OpenEnv's protocol answered in a right run of the first task that has a reward there."""
    state: JsonObject = field(default_factory=dict[str, JsonValue])
    """The state of that session at its end."""
    seconds: float = 0.0
    """Of the longest right run."""

    async def play(self) -> None:
        """Play every task right, twice with its seed and once with another one, and with planted mistakes."""
        for task in self.tasks:
            begin = time.perf_counter()
            self.right.append(await self._played(task, task.seed))
            self.seconds = max(self.seconds, time.perf_counter() - begin)
            self.again.append(await self._played(task, task.seed, trial=1))
            self.other_seed.append(await self._played(task, OTHER_SEED, trial=2))
            self.mistaken += await self._mistaken(task)
        for run in self.right:
            if await self._through_openenv(run):
                return

    async def _played(self, task: Task, seed: int, trial: int = 0) -> PlayedRun:
        return await self._play_with(task, seed, trial, ScriptedAgent(script_of(task)))

    async def _play_with(self, task: Task, seed: int, trial: int, agent: ScriptedAgent) -> PlayedRun:
        run = PlannedRun(task, seed, trial)
        async with InProcessHost(self.episodes).session(run) as session:
            trajectory = await play(run, agent, ScriptedUser(task), session)
        episode = await self.episodes.get(trajectory.id)
        messages = None if await episode.exchanges() else trajectory.messages
        return PlayedRun(task, trajectory, await self.episodes.verdict(episode, messages=messages))

    async def _mistaken(self, task: Task) -> list[PlayedRun]:
        found: list[PlayedRun] = []
        for number, mutation in enumerate(MUTATIONS):
            script = await mutated_script(task, mutation, self.suite.runtime_of(task), self.suite.tasks, 0)
            if script is not None and len(found) < MISTAKES_A_TASK:
                found.append(await self._play_with(task, task.seed, 10 + number, ScriptedAgent(script)))
        return found

    async def _through_openenv(self, run: PlayedRun) -> bool:
        """Play a right run over OpenEnv's protocol; whether it ends with a reward."""
        session = OpenEnvSession(self.episodes, self.environment.id)
        frames = [await session.reset(ResetData(task=run.task.id, seed=run.task.seed, episode_id="probe"))]
        frames.append(await session.step(Action(type="list_tools")))
        for message in run.trajectory.messages:
            if message.role != "assistant":
                continue
            actions = [Action(tool_name=call.name, arguments=call.arguments) for call in message.tool_calls]
            if not actions:
                actions = [Action(tool_name="say_to_user", arguments={"message": message.content or ""})]
            try:
                frames += [await session.step(action) for action in actions]
            except NoRewardError:
                break
        self.state = session.state()
        await session.close()
        self.frames = frames
        return bool(frames[-1]["done"])

    async def paid_without(self, task: Task, calls: Sequence[Call], answer: str) -> bool:
        """Whether some calls and an answer are paid, but for what only a conversation can tell, such as consent."""
        episode = await self.acted(task, calls)
        verdict = await self.episodes.verdict(episode, answer)
        await episode.close()
        decided = all(check.checked >= check.to_check for check in verdict.checks if check.name != "policy")
        return decided and all(check.outcome != "fail" for check in verdict.checks)

    async def undone(self, task: Task) -> set[int]:
        """The places of reference calls of which a later one leaves no trace: it changes the same records again."""
        episode = await self.acted(task, reference_calls(task))
        log = await episode.log()
        await episode.close()
        touched = [{_record_of(op) for op in event.ops} for event in log]
        return {
            place for place, records in enumerate(touched) if records and records <= set().union(*touched[place + 1 :])
        }

    async def acted(self, task: Task, calls: Sequence[Call]) -> Episode:
        """An episode of a task in which calls were made, without a word."""
        episode = await self.episodes.open(task.environment, task.seed, task.id, task.faults)
        for call in calls:
            await call_tool(episode, "agent", call.name, call.arguments)
        return episode


def _record_of(op: Op) -> tuple[str, str | None]:
    return (op.name, None) if op.op == "set" else (op.collection, op.key)


def reference_calls(task: Task) -> list[Call]:
    """The calls of a task's ground truth, in order."""
    return [reference.call for reference in task.calls]


def reading_calls(task: Task) -> list[Call]:
    """Those that change nothing."""
    return [reference.call for reference in task.calls if not reference.writes]


def told(task: Task) -> str:
    """An answer that tells all that has to be told."""
    return " ".join(f"{wording_of(fact)}." for fact in task.truth.facts)
