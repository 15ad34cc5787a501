"""Let a LangChain agent do a task of `toolworld serve library` with its user, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable

import httpx
from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai import ChatOpenAI

Say = Callable[[str], Awaitable[str | None]]


async def converse(mcp_url: str, request: str, model: str, say: Say) -> None:
    """Let the agent talk with the user until the user is done; tools and policy come from the episode."""
    client = MultiServerMCPClient({"desk": {"transport": "http", "url": mcp_url}})
    async with client.session("desk", auto_initialize=False) as session:
        policy = (await session.initialize()).instructions  # lost if the client shakes hands by itself
        agent = create_agent(
            ChatOpenAI(model=model, use_responses_api=False),  # reads OPENAI_BASE_URL and OPENAI_API_KEY
            await load_mcp_tools(session),
            system_prompt=policy,
        )
        messages, heard = [], request
        while heard is not None:
            done = await agent.ainvoke({"messages": [*messages, {"role": "user", "content": heard}]})
            messages = done["messages"]
            heard = await say(messages[-1].text)


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
