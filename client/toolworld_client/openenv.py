"""toolworld for trainers that take OpenEnv's sessions (0.10), such as TRL's asynchronous GRPO.

    CollectRunner(ToolworldSessions(), ...)

The agent speaks to the user with the tool `say_to_user`, and with its last message.
"""

from __future__ import annotations

from typing import Any

from openenv.core.env_server.mcp_types import Tool
from openenv.core.harness import Message, ResourceSession, ResourceSessionFactory, ToolResult, VerifyResult

from toolworld_client import Episode, Toolworld, VoidRun

SAY = Tool(
    name="say_to_user",
    description="Say something to the user, and hear the answer. All that the user is to know goes through here.",
    input_schema={"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]},
)


class ToolworldSession(ResourceSession):
    """A session: an episode of a task."""

    def __init__(self, episode: Episode) -> None:
        self.episode = episode

    def initial_messages(self) -> list[Message]:
        """The policy, and the user's opening words."""
        return self.episode.messages

    def list_tools(self) -> list[Tool]:
        """The tools, and the one that speaks."""
        own = [
            Tool(name=spec["name"], description=spec["description"], input_schema=spec["input_schema"])
            for spec in self.episode.tools
        ]
        return [*own, SAY]

    def call_tool(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Make a call, or say something; the result is a text, since a field `reward` in it would be taken for ours."""
        if name == SAY.name:
            heard = self.episode.say(str(arguments.get("message", "")))
            return ToolResult(data=heard.text, done=heard.done)
        result = self.episode.call(name, arguments)
        return ToolResult(data=result.text, done=False, error=None if result.ok else result.text)

    def verify(self, transcript: list[Message], final_state: Any = None) -> VerifyResult:
        """The verdict; of a void run the reward is None, and the rollout does not count."""
        last = next((m.get("content") for m in reversed(transcript) if m.get("role") == "assistant"), None)
        try:
            verdict = self.episode.finish(str(last) if last else None)
        except VoidRun as problem:
            return VerifyResult(env_reward=None, done=True, metrics={}, artifacts={"void": str(problem)})
        told = {"outcome": verdict.outcome, "episode": self.episode.id}
        return VerifyResult(env_reward=verdict.reward, done=True, metrics=verdict.metrics, artifacts=told)

    def close(self) -> None:
        """Close the episode."""
        self.episode.close()


class ToolworldSessions(ResourceSessionFactory):
    """Opens sessions.

    Args:
        url: Of the server; by default TOOLWORLD_URL.
    """

    def __init__(self, url: str | None = None) -> None:
        self.world = Toolworld(url)

    def create(self, task: Any, seed: int | None = None, episode_id: str | None = None) -> ToolworldSession:
        """Open a session for a task: its id, or a row with it."""
        name = task["task"] if isinstance(task, dict) else task
        return ToolworldSession(self.world.episode(name, seed=seed))
