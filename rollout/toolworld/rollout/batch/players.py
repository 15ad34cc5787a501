"""Who plays the runs of a batch: scripts, or models where they are named."""

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from toolworld.datasets import TaskSuite
from toolworld.ground import JsonObject
from toolworld.llm import Model
from toolworld.rollout.mutation import Mutation
from toolworld.rollout.mutations.mutated_script import mutated_script
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.players.agent import Agent
from toolworld.rollout.players.model_agent import ModelAgent
from toolworld.rollout.players.model_user import ModelUser
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.players.scripted_agent import ScriptedAgent
from toolworld.rollout.players.scripted_user import ScriptedUser
from toolworld.rollout.players.user import UserProxy


class Players(NamedTuple):
    """The two sides of a conversation."""

    agent: Agent
    user: UserProxy


class _PlayerOptions(TypedDict):
    seed: int
    temperature: float
    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class PlayerModels:
    """The models that play; where none is named, a script plays."""

    agent: Model | None = None
    user: Model | None = None
    temperature: float = 0.0
    """Of both."""
    max_tokens: int | None = None
    """Of one turn of either; by default each role's own limit."""

    def players(self, run: PlannedRun, script: Script) -> Players:
        """The players of a run."""
        options = _PlayerOptions(seed=run.players_seed, temperature=self.temperature, max_tokens=self.max_tokens)
        return Players(
            ScriptedAgent(script) if self.agent is None else ModelAgent(self.agent, **options),
            ScriptedUser(run.task) if self.user is None else ModelUser(self.user, run.task, **options),
        )

    def settings(self, mutation: Mutation | None) -> JsonObject:
        """What all runs of a file have in common, so that others are not mixed in."""
        script = f"scripted ({mutation})" if mutation else "scripted"
        return {
            "agent": script if self.agent is None else self.agent.name,
            "user": "scripted" if self.user is None else self.user.name,
            "temperature": self.temperature,
            **({} if self.max_tokens is None else {"max tokens": self.max_tokens}),
        }


async def choose_scripts(
    suite: TaskSuite, mutation: Mutation | None = None, seed: int | None = None
) -> dict[str, Script]:
    """A script for every task, or for every task that leaves room for the mutation, by the task's id."""
    scripts: dict[str, Script] = {}
    for task in suite.tasks:
        script: Script | None = script_of(task)
        if mutation is not None:
            script = await mutated_script(task, mutation, suite.runtime_of(task), suite.tasks, seed or 0)
        if script is not None:
            scripts[task.id] = script
    return scripts
