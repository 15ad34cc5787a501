"""toolworld for verl (0.9): an agent loop whose tools and user are in an episode of its own.

    # agent_loops.yaml, named by actor_rollout_ref.rollout.agent.agent_loop_config_path
    - name: toolworld_agent
      _target_: toolworld_client.verl.ToolworldAgentLoop

A row has `agent_name: toolworld_agent`, and its `extra_info` names the `task` (and `seed`).
"""

from __future__ import annotations

from typing import Any

from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, register
from verl.experimental.agent_loop.tool_agent_loop import AgentState, ToolAgentLoop
from verl.tools.base_tool import BaseTool
from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse

from toolworld_client import AsyncEpisode, AsyncToolworld, VoidRun

KEPT = ("type", "description", "enum")  # of an argument's schema; the description says the rest


class EpisodeTool(BaseTool):
    """A tool of an episode."""

    def __init__(self, episode: AsyncEpisode, spec: dict[str, Any]) -> None:
        self._episode, self.name, self.config = episode, spec["name"], {}  # BaseTool's own __init__ prints each schema
        schema = spec["input_schema"]
        arguments = {name: _argument(part) for name, part in schema.get("properties", {}).items()}
        parameters = {"type": "object", "properties": arguments, "required": schema.get("required", [])}
        function = {"name": self.name, "description": spec["description"], "parameters": parameters}
        self.tool_schema = OpenAIFunctionToolSchema.model_validate({"type": "function", "function": function})

    async def execute(self, instance_id: str, parameters: dict[str, Any], **_: Any) -> tuple[ToolResponse, None, dict]:
        """Make a call; whether it could be simulated shows in the verdict."""
        try:
            text = (await self._episode.call(self.name, parameters)).text
        except VoidRun as problem:
            text = str(problem)
        return ToolResponse(text=text), None, {}


@register("toolworld_agent")
class ToolworldAgentLoop(ToolAgentLoop):
    """Plays a task. Of a void run no token is trained: its mask is 0, as is its reward, and `void` is 1."""

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> AgentLoopOutput:
        """Open an episode, let the model act and talk until the user is done, and judge the run."""
        wish = kwargs["extra_info"]
        async with (
            AsyncToolworld(wish.get("toolworld_url")) as world,
            world.episode(wish["task"], seed=wish.get("seed")) as episode,
        ):
            tools = [EpisodeTool(episode, spec) for spec in episode.tools]
            self.tools = {tool.name: tool for tool in tools}
            self.tool_schemas = [tool.tool_schema.model_dump(exclude_unset=True, exclude_none=True) for tool in tools]
            self._episode = episode
            output = await super().run(sampling_params, **kwargs)
            verdict = await episode.verdict()
        output.reward_score = verdict.reward or 0.0  # None would drop the scores of the whole batch
        if verdict.is_void:
            output.response_mask = [0] * len(output.response_mask)
        told = {"void": float(verdict.is_void), **verdict.metrics}
        output.extra_fields.update(toolworld_outcome=verdict.outcome, reward_extra_info=told)
        return output

    async def _handle_generating_state(self, agent_data: Any, sampling_params: Any, *more: Any, **rest: Any) -> Any:
        """Where the loop would end, since the model made no call, say what it said to the user."""
        state = await super()._handle_generating_state(agent_data, sampling_params, *more, **rest)
        is_full = len(agent_data.response_mask) >= self.response_length
        most = self.max_assistant_turns or float("inf")
        if state != AgentState.TERMINATED or agent_data.tool_calls or is_full or agent_data.assistant_turns >= most:
            return state
        try:
            heard = await self._episode.say(agent_data.messages[-1]["content"])
        except VoidRun:  # so the verdict is void
            return state
        return state if heard.done else await self._go_on(agent_data, heard.text)

    async def _go_on(self, agent_data: Any, said: str) -> AgentState:
        """Put the user's words into the conversation; none of their tokens is trained."""
        before = list(agent_data.messages)
        agent_data.messages.append({"role": "user", "content": said})
        tokens = (agent_data.prompt_ids, agent_data.response_mask, agent_data.response_logprobs or None)
        merged, agent_data.response_mask, logprobs = await self.ct_merge_context_msg(
            before, agent_data.messages, *tokens, tools=agent_data._active_tool_schemas
        )
        agent_data.prompt_ids, agent_data.response_logprobs = merged.token_ids, logprobs or []
        agent_data.user_turns += 1
        return AgentState.GENERATING


def _argument(schema: dict[str, Any]) -> dict[str, Any]:
    lost = {word: schema[word] for word in schema if word not in KEPT}
    words = schema.get("description", "")
    told = f"{words} {lost}".strip() if lost else words
    return {"type": "string", **{word: schema[word] for word in KEPT if word in schema}, "description": told}
