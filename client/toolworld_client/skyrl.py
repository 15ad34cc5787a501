"""toolworld for SkyRL (skyrl-gym 0.4): text in, text out; the reward comes with the last step.

    register(id="toolworld", entry_point="toolworld_client.skyrl:ToolworldEnv")

A row's `extra_info` names the `task` (and `seed`); the chat template is applied without tools, so that the prompt
has to show them: `prompt_of(task)` makes it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from toolworld_client import Episode, Toolworld, VoidRun
from toolworld_client.turns import MAX_TURNS

CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
TOOLS = """\n\n# Tools\n\nYou can call these functions:\n<tools>\n{tools}\n</tools>\n
For each call write a JSON object within <tool_call></tool_call>:
<tool_call>\n{{"name": "...", "arguments": {{...}}}}\n</tool_call>
What you write without a call is said to the user."""


def prompt_of(episode: Episode) -> list[dict[str, str]]:
    """The prompt of a row: the policy with the tools, and the user's opening words."""
    tools = "\n".join(json.dumps(tool) for tool in episode.tools.chat())
    system, *rest = episode.messages
    return [{"role": "system", "content": system["content"] + TOOLS.format(tools=tools)}, *rest]


class ToolworldEnv(BaseTextEnv):
    """A task of a server. A void run has reward 0 and the metric `void` 1: SkyRL has no way to leave it out."""

    def __init__(self, env_config: Any, extras: dict[str, Any]) -> None:
        super().__init__()
        self._wish = extras.get("extra_info") or extras
        self.max_turns = extras.get("max_turns") or MAX_TURNS
        self._world = Toolworld((env_config or {}).get("url"))
        self._episode: Episode | None = None
        self._metrics: dict[str, float] = {}

    def init(self, prompt: Any) -> tuple[Any, dict[str, Any]]:
        """Open an episode of the row's task."""
        self._episode = self._world.episode(self._wish["task"], seed=self._wish.get("seed"))
        return prompt, {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Make the calls of an answer, or say it to the user."""
        assert self._episode is not None, "init comes first"
        self.turns += 1
        try:
            seen, done = self._answered(self._episode, action)
            if not done and self.turns < self.max_turns:
                return BaseTextEnvStepOutput(observations=seen, reward=0.0, done=False, metadata={})
            verdict = self._episode.verdict()
            outcome, reward, metrics = verdict.outcome, verdict.reward, verdict.metrics
        except VoidRun:
            outcome, reward, metrics = "void", None, {}
        self._metrics = {**metrics, "reward": reward or 0.0, "void": float(reward is None)}
        told = {"outcome": outcome, "void": reward is None}
        return BaseTextEnvStepOutput(observations=[], reward=reward or 0.0, done=True, metadata=told)

    def _answered(self, episode: Episode, action: str) -> tuple[list[dict[str, str]], bool]:
        if not (written := CALL.findall(action)):
            heard = episode.say(action)
            return [{"role": "user", "content": heard.text}], heard.done
        return [{"role": "tool", "content": self._called(episode, call)} for call in written], False

    def _called(self, episode: Episode, written: str) -> str:
        try:
            call = json.loads(written)
        except (ValueError, RecursionError) as problem:
            return f"the call is no JSON: {problem}"
        if not isinstance(call, dict):
            return 'a call is an object with "name" and "arguments"'
        return episode.answer_tool_call({"id": "", "function": call})["content"]

    def get_metrics(self) -> dict[str, float]:
        """The checks, the reward, and whether the run is void."""
        return self._metrics

    @staticmethod
    def aggregate_metrics(metrics: list[dict[str, float]]) -> dict[str, float]:
        """Means over the runs that count, and the share of those that are void."""
        counting = [one for one in metrics if one and not one["void"]]
        names = sorted({name for one in counting for name in one} - {"void"})
        means = {name: [one[name] for one in counting if name in one] for name in names}
        void = [one["void"] for one in metrics if one]
        shares = {"void": sum(void) / len(void)} if void else {}
        return {**{name: sum(values) / len(values) for name, values in means.items()}, **shares}

    def close(self) -> None:
        """Close the episode and the connections."""
        if self._episode is not None:
            self._episode.close()
        self._world.close()
