"""toolworld for verifiers (0.4): an episode for each rollout, whose MCP URL is lent to the agent.

    vf-eval toolworld-tasks --env.taskset.environment library ...

where `toolworld_tasks.py` is `from toolworld_client.verifiers import ToolworldEnv, ToolworldTaskset` and `__all__`.
"""

from __future__ import annotations

from collections.abc import Iterator

import verifiers.v1 as vf
from verifiers.v1.envs.single_agent import SingleAgentEnv
from verifiers.v1.mcp import SharedToolServer

from toolworld_client import AsyncToolworld, Toolworld

EPISODE = "toolworld_episode"


class ToolworldTaskConfig(vf.TaskConfig):
    """Where the server is; by default TOOLWORLD_URL."""

    url: str | None = None


class ToolworldConfig(vf.TasksetConfig):
    """Which tasks: those of an environment, of one split of it, or some by their ids."""

    environment: str = "library"
    split: str | None = None
    only: list[str] = []  # noqa: RUF012 - pydantic copies it
    task: ToolworldTaskConfig = ToolworldTaskConfig()


class ToolworldData(vf.TaskData):
    """A task's id."""

    task: str


class ToolworldTask(vf.Task[ToolworldData, vf.State, ToolworldTaskConfig]):
    """A task; its reward is the verdict's."""

    @property
    def key(self) -> str:
        """The task's id."""
        return self.data.task

    @vf.reward(weight=1.0)
    async def reward(self, trace: vf.Trace) -> float:
        """The verdict; a void run raises, so that its trace is an errored one and not a zero."""
        async with AsyncToolworld(self.config.url) as world:
            episode = await world.resume(trace.info[EPISODE])
            verdict = await episode.verdict(trace.root_reply if episode.exchange == 0 else None)  # else it was said
            await episode.close()
        trace.info["toolworld"] = {"outcome": verdict.outcome, "checks": verdict.checks, "blame": verdict.blame}
        for name, value in verdict.metrics.items():
            trace.record_metric(name, value)
        return verdict.required()


class ToolworldTaskset(vf.Taskset[ToolworldTask, ToolworldConfig]):
    """Tasks of a server."""

    def load(self) -> Iterator[ToolworldTask]:
        """The tasks, with the policy as the system prompt."""
        config = self.config
        with Toolworld(config.task.url) as world:
            named = [world.task(name) for name in config.only]
            policies: dict[str, str] = {}
            for task in named or world.tasks(config.environment, split=config.split):
                if task.environment not in policies:
                    with world.episode(environment=task.environment) as probe:
                        policies[task.environment] = probe.policy
                told = {"name": task.id, "task": task.id, "prompt": task.request}
                yield ToolworldTask(ToolworldData(**told, system_prompt=policies[task.environment]), config.task)


class ToolworldEnv(SingleAgentEnv):
    """Lets the agent act in an episode, and talk with the task's user until the user is done."""

    async def run(self, task: ToolworldTask, agents: vf.Agents) -> None:
        """Play a task."""
        async with AsyncToolworld(task.config.url) as world:
            episode = await world.episode(task.data.task)
            tools = {"": SharedToolServer(url=episode.mcp_url, local=True, external=True)}

            def mark(trace: vf.Trace) -> None:
                trace.info[EPISODE] = episode.id

            async with agents.agent.interaction(task, tools=tools, on_trace=mark) as talk:
                segment = await talk.turn()  # the task has a prompt, so the agent speaks first
                while not segment.terminated:
                    heard = await episode.say(segment.last_reply or "")
                    if heard.done:
                        break
                    segment = await talk.turn(heard.text)
