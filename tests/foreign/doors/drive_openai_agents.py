"""OpenAI's Agents SDK with a model of the script's own, over plain HTTP."""

import asyncio
import json

from agents import Agent, Model, ModelResponse, RunConfig, Usage, UserError, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

from toolworld_client import AsyncToolworld, VoidRun
from toolworld_client.openai_agents import converse, function_tools

set_tracing_disabled(True)


class ScriptedModel(Model):
    """Takes the turns of a run."""

    def __init__(self, run):
        self.turns = iter(enumerate(run["turns"]))

    async def get_response(self, *_, **__):
        number, turn = next(self.turns)
        if isinstance(turn, str):
            text = ResponseOutputText(text=turn, type="output_text", annotations=[])
            item = ResponseOutputMessage(
                id=f"m{number}", content=[text], role="assistant", status="completed", type="message"
            )
        else:
            item = ResponseFunctionToolCall(
                call_id=f"c{number}",
                name=turn["name"],
                arguments=json.dumps(turn["arguments"]),
                type="function_call",
            )
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_, **__):
        raise NotImplementedError


async def play(url, run):
    async with AsyncToolworld(url) as world, world.episode(run["task"]) as episode:
        agent = Agent(
            name="clerk", instructions=episode.policy, tools=function_tools(episode), model=ScriptedModel(run)
        )
        return (await converse(agent, episode, run_config=RunConfig(tracing_disabled=True))).reward


async def main():
    rewards = [await play(URL, run) for run in RUNS]
    try:
        void = await play(VOID_URL, VOID_RUN)
    except (VoidRun, UserError) as problem:  # the SDK wraps what its tools raise
        void = "left out" if isinstance(problem, VoidRun) or isinstance(problem.__cause__, VoidRun) else 0.0
    tell(rewards, void)


asyncio.run(main())
