"""Let a Pydantic AI agent do a task of `toolworld serve library` with its user, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable

import httpx
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel

Say = Callable[[str], Awaitable[str | None]]


async def converse(mcp_url: str, request: str, model: str, say: Say) -> None:
    """Let the agent talk with the user until the user is done; tools and policy come from the episode."""
    # The instructions are the policy. A refusal is content for the model, and does not use up its retries.
    tools = MCPToolset(mcp_url, include_instructions=True, tool_error_behavior="failed")
    agent = Agent(
        OpenAIChatModel(model),  # reads OPENAI_BASE_URL and OPENAI_API_KEY
        toolsets=[tools],
        retries={"tools": 5},  # by default the second made-up tool ends the run
    )
    async with agent:
        messages, heard = [], request
        while heard is not None:
            done = await agent.run(heard, message_history=messages)
            messages = done.all_messages()
            heard = await say(done.output)


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
