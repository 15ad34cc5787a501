"""Let an agent of the OpenAI Agents SDK do a task of `toolworld serve library` with its user, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable

import httpx
from agents import Agent, OpenAIChatCompletionsModel, RunConfig, Runner, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI

Say = Callable[[str], Awaitable[str | None]]


async def converse(mcp_url: str, request: str, model: str, say: Say) -> None:
    """Let the agent talk with the user until the user is done; tools and policy come from the episode."""
    set_tracing_disabled(True)  # else the run is uploaded to OpenAI, with the key of whoever serves the model
    lenient = RunConfig(tool_not_found_behavior="return_error_to_model")  # else a made-up tool ends the run
    params = {"url": mcp_url, "timeout": 60}  # seconds; 5 by default, which slow tools can exceed
    async with MCPServerStreamableHttp(params, cache_tools_list=True, client_session_timeout_seconds=60) as tools:
        agent = Agent(
            name="desk",
            instructions=tools.session.instructions,
            model=OpenAIChatCompletionsModel(model, AsyncOpenAI()),  # reads OPENAI_BASE_URL and OPENAI_API_KEY
            mcp_servers=[tools],
        )
        messages, heard = [], request
        while heard is not None:
            messages.append({"role": "user", "content": heard})
            done = await Runner.run(agent, messages, max_turns=30, run_config=lenient)
            messages = done.to_input_list()
            heard = await say(done.final_output)


async def main(server: str, task: str, model: str) -> None:
    """Open an episode, let the agent talk with its user and work in it, and have it judged."""
    token = os.environ.get("TOOLWORLD_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=60) as api:
        episode = (await api.post("/episodes", json={"task": task})).raise_for_status().json()
        print("user:", episode["request"])

        async def say(words: str) -> str | None:
            """Say something to the user; what they answer, or None when they are done."""
            print("agent:", words)
            heard = (await api.post(episode["user_url"], json={"said": words})).raise_for_status().json()
            print("user:", heard["reply"])
            return None if heard["done"] else heard["reply"]

        await converse(episode["mcp_url"], episode["request"], model, say)
        verdict = (await api.post(f"/episodes/{episode['id']}/verdict")).raise_for_status().json()
    print("verdict:", verdict["outcome"])
    for check in verdict["checks"]:
        print(f"  {check['name']}: {check['outcome']}", *(one["text"] for one in check["evidence"]), sep="\n    ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="?", default="library/return_and_collect")
    parser.add_argument("--server", default="http://127.0.0.1:8765")
    parser.add_argument("--model", required=True)
    asyncio.run(main(**vars(parser.parse_args())))
