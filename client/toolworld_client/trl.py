"""toolworld for TRL's GRPO (1.16): an environment class with a method for each tool, and the reward function.

    GRPOTrainer(..., environment_factory=environment("library"), reward_funcs=[toolworld_reward])

A row has the columns `task` and, if you like, `seed`. The loop of TRL ends with the first message that has no call,
so the agent speaks to the user with a tool, `say_to_user`.
"""

from __future__ import annotations

from typing import Any

from toolworld_client import Episode, Toolworld, ToolworldError, VoidRun
from toolworld_client.methods import method_of

RESERVED = frozenset({"reset", "get_reward", "say_to_user"})
"""Names of methods that the class has already."""


class ToolworldEnvironment:
    """An episode for a row; `environment` gives it the tools as methods."""

    _world: Toolworld

    def __init__(self) -> None:
        self._episode: Episode | None = None

    def reset(self, task: str, seed: int | None = None, **row: Any) -> None:
        """Open an episode of the row's task; the prompt holds the policy and the request already."""
        if self._episode is not None:
            self._episode.close()
        self._episode = self._world.episode(task, seed=seed)

    def say_to_user(self, message: str) -> str:
        """Say something to the user, and hear the answer. All that the user is to know goes through here.

        Args:
            message: What you say.
        """
        heard = self._opened().say(message)
        return heard.text + (" (The user is done: end the conversation.)" if heard.done else "")

    def _opened(self) -> Episode:
        if self._episode is None:
            raise ToolworldError("reset the environment before its first call")
        return self._episode

    def _reward(self, answer: str | None) -> tuple[str, float | None]:
        try:
            verdict = self._opened().finish(answer)
        except VoidRun:
            return "void", None
        return verdict.outcome, verdict.reward


def environment(name: str, url: str | None = None) -> type[ToolworldEnvironment]:
    """The class of environments whose episodes are in an environment of a server.

    Raises:
        ToolworldError: a tool or an argument has a name that no method in Python can have.
    """
    world = Toolworld(url)
    with world.episode(environment=name) as probe:
        methods = {spec["name"]: method_of(spec, _call) for spec in probe.tools}
    taken = RESERVED & methods.keys()
    if taken:
        raise ToolworldError(f"tool {min(taken)} cannot be a method: its name is taken")
    return type(f"Toolworld_{name}", (ToolworldEnvironment,), {"_world": world, **methods})


def _call(self: ToolworldEnvironment, name: str, arguments: dict[str, Any]) -> str:
    result = self._opened().call(name, arguments)  # pyright: ignore[reportPrivateUsage]
    if not result.ok:
        raise RuntimeError(result.text)  # TRL counts it as a failure, and the model reads it
    return result.text


def toolworld_reward(
    completions: list[list[dict[str, Any]]], environments: list[ToolworldEnvironment], log_extra: Any = None, **_: Any
) -> list[float | None]:
    """The reward of each run; None, which TRL leaves out of the group's baseline, where it is void."""
    last = [next((m["content"] for m in reversed(c) if m["role"] == "assistant"), None) for c in completions]
    runs = zip(environments, last, strict=True)
    outcomes = [one._reward(said) for one, said in runs]  # pyright: ignore[reportPrivateUsage]
    if log_extra is not None:
        log_extra("toolworld_outcome", [outcome for outcome, _ in outcomes])
    return [reward for _, reward in outcomes]
