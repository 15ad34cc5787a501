"""The client itself, in an environment without toolworld: with async and without, on this Python."""

import asyncio
import importlib.util
import json
import sys

from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

from toolworld_client import AsyncToolworld, Toolworld, connection


def policy(run):
    turns = iter(run["turns"])

    def answer(messages, tools):
        turn = next(turns)
        if isinstance(turn, str):
            return turn
        function = {"name": turn["name"], "arguments": json.dumps(turn["arguments"])}
        return {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}

    return answer


async def with_async():
    async with AsyncToolworld(URL) as world:
        return [verdict.reward for verdict in await asyncio.gather(*(world.play(r["task"], policy(r)) for r in RUNS))]


with Toolworld(URL) as world, Toolworld(VOID_URL) as broken:
    rewards = [world.play(run["task"], policy(run)).reward for run in RUNS]
    void = broken.play(VOID_RUN["task"], policy(VOID_RUN)).reward
assert asyncio.run(with_async()) == rewards
assert importlib.util.find_spec("toolworld") is None
tell(rewards, void, http=connection.httpx.__name__, python=sys.version.split()[0])
