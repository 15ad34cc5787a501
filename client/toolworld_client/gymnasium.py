"""toolworld for gymnasium: an action is the JSON of a call, or words for the user; the reward comes at the end.

env = gymnasium.make("toolworld/Task-v0", tasks=["library/renew_one"])
"""

from __future__ import annotations

import json
import string
from typing import Any

import gymnasium as gym

from toolworld_client import Episode, Toolworld, VoidRun

CHARACTERS = frozenset(string.printable) | frozenset(map(chr, range(160, 592)))
"""What the spaces say that texts hold; results may hold others, which no check of gymnasium looks for."""


class ToolworldEnv(gym.Env[str, str]):
    """A task of a server. A run that is void ends truncated, with `void` in its info: leave it out.

    Args:
        tasks: The tasks that a reset draws from.
        url: Of the server; by default TOOLWORLD_URL.
        max_steps: Actions in an episode, after which it is judged as it is.
    """

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012 - gymnasium's own form

    def __init__(
        self, tasks: list[str], url: str | None = None, max_steps: int = 50, render_mode: str | None = None
    ) -> None:
        self.world = Toolworld(url)
        self.render_mode = render_mode
        self.action_space = gym.spaces.Text(20_000, min_length=1, charset=CHARACTERS)
        self.observation_space = gym.spaces.Text(1 << 20, min_length=0, charset=CHARACTERS)
        self._tasks, self._max_steps = tasks, max_steps
        self._episode: Episode | None = None
        self._steps, self._seen = 0, ""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Open an episode of the task in `options`, or of one that is drawn; the observation is the user's request."""
        super().reset(seed=seed)
        self._leave()
        task = (options or {}).get("task") or self._tasks[int(self.np_random.integers(len(self._tasks)))]
        episode = self._episode = self.world.episode(task, seed=seed)
        self._steps, self._seen = 0, episode.request or ""
        told = {"task": task, "episode": episode.id, "policy": episode.policy, "tools": episode.tools.chat()}
        return self._seen, told

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Make a call, or say something to the user."""
        if self._episode is None:
            raise gym.error.ResetNeeded("reset the environment before its first step")
        episode, self._steps = self._episode, self._steps + 1
        call = _call_in(action)
        try:
            if call is not None:
                self._seen, done = episode.answer_tool_call({"id": "", "function": call})["content"], False
            else:
                heard = episode.say(action)
                self._seen, done = heard.text, heard.done
            if not done and self._steps < self._max_steps:
                return self._seen, 0.0, False, False, {}
            verdict = episode.verdict()
        except VoidRun as problem:
            return self._seen, 0.0, False, True, {"void": True, "reason": str(problem)}
        told = {"void": verdict.is_void, "outcome": verdict.outcome, **verdict.metrics}
        is_ended = done and not verdict.is_void
        return self._seen, verdict.reward or 0.0, is_ended, not is_ended, told

    def render(self) -> str:  # type: ignore[override]
        """The last observation."""
        return self._seen

    def close(self) -> None:
        """Close the episode and the connections."""
        self._leave()
        self.world.close()

    def _leave(self) -> None:
        if self._episode is not None:
            self._episode.close()
            self._episode = None


def _call_in(action: str) -> dict[str, Any] | None:
    """The call that an action is; None where it is words."""
    try:
        call = json.loads(action)
    except (ValueError, RecursionError):
        return None
    return call if isinstance(call, dict) and isinstance(call.get("name"), str) else None


gym.register("toolworld/Task-v0", entry_point="toolworld_client.gymnasium:ToolworldEnv")
