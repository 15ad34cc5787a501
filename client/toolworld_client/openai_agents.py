"""toolworld for OpenAI's Agents SDK (0.24), over plain HTTP in place of MCP.

async with world.episode("library/renew_one") as episode:
    agent = Agent(name="clerk", instructions=episode.policy, tools=function_tools(episode))
    verdict = await converse(agent, episode)
"""

from __future__ import annotations

from typing import Any

from agents import Agent, FunctionTool, Runner
from agents.tool_context import ToolContext

from toolworld_client import AsyncEpisode, Verdict
from toolworld_client.turns import MAX_TURNS


def function_tools(episode: AsyncEpisode) -> list[FunctionTool]:
    """The tools of an episode; what a call could not do is text for the model, and a void run is raised."""
    return [_function_tool(episode, spec) for spec in episode.tools]


def _function_tool(episode: AsyncEpisode, spec: dict[str, Any]) -> FunctionTool:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        call = {"type": "function_call", "call_id": "", "name": spec["name"], "arguments": arguments}
        return (await episode.answer_tool_call(call))["output"]

    return FunctionTool(
        name=spec["name"],
        description=spec["description"],
        params_json_schema=spec["input_schema"],
        on_invoke_tool=invoke,
        strict_json_schema=False,  # it would make every argument required
    )


async def converse(agent: Agent[Any], episode: AsyncEpisode, max_turns: int = MAX_TURNS, **options: Any) -> Verdict:
    """Let an agent talk with the task's user until the user is done, and judge the run.

    Args:
        agent: With the tools of `function_tools`.
        episode: Of a task.
        max_turns: The most times that the agent speaks, and the most calls of its model before it does.
        options: Of the SDK's `Runner.run`, such as `run_config`.

    Raises:
        VoidRun: a call or the user could not be simulated.
    """
    items: Any = episode.request
    for _ in range(max_turns):
        result = await Runner.run(agent, items, max_turns=max_turns, **options)
        heard = await episode.say(str(result.final_output or ""))
        if heard.done:
            break
        items = [*result.to_input_list(), {"role": "user", "content": heard.text}]
    return await episode.verdict()
