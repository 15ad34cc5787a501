"""Let a Pydantic AI agent do a task of `toolworld serve library`, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os

import httpx
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel

ONCE = "I cannot write again today, so please take this as my yes to what I ask for."


async def answer(mcp_url: str, message: str, model: str) -> str:
    """The agent's final answer to a user's message; its tools and its policy come from the episode."""
    # The instructions are the policy. A refusal is content for the model, and does not use up its retries.
    tools = MCPToolset(mcp_url, include_instructions=True, tool_error_behavior="failed")
    agent = Agent(
        OpenAIChatModel(model),  # reads OPENAI_BASE_URL and OPENAI_API_KEY
        toolsets=[tools],
        retries={"tools": 5},  # by default the second made-up tool ends the run
    )
    async with agent:
        done = await agent.run(message)
    return done.output


async def main(server: str, task: str, model: str) -> None:
    """Open an episode, let the agent work in it, and have it judged."""
    token = os.environ.get("TOOLWORLD_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=server, headers=headers) as api:
        episode = (await api.post("/episodes", json={"task": task})).raise_for_status().json()
        print("user:", episode["request"])
        told = await answer(episode["mcp_url"], f"{episode['request']}\n\n{ONCE}", model)
        print("agent:", told)
        judged = await api.post(f"/episodes/{episode['id']}/verdict", json={"answer": told})
        verdict = judged.raise_for_status().json()
    print("verdict:", verdict["outcome"])
    for check in verdict["checks"]:
        print(f"  {check['name']}: {check['outcome']}", *check["evidence"], sep="\n    ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="?", default="library/return_and_collect")
    parser.add_argument("--server", default="http://127.0.0.1:8765")
    parser.add_argument("--model", required=True)
    asyncio.run(main(**vars(parser.parse_args())))
