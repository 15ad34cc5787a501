"""Let a LangChain agent do a task of `toolworld serve library`, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os

import httpx
from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai import ChatOpenAI

ONCE = "I cannot write again today, so please take this as my yes to what I ask for."


async def answer(mcp_url: str, message: str, model: str) -> str:
    """The agent's final answer to a user's message; its tools and its policy come from the episode."""
    client = MultiServerMCPClient({"desk": {"transport": "http", "url": mcp_url}})
    async with client.session("desk", auto_initialize=False) as session:
        policy = (await session.initialize()).instructions  # lost if the client shakes hands by itself
        agent = create_agent(
            ChatOpenAI(model=model, use_responses_api=False),  # reads OPENAI_BASE_URL and OPENAI_API_KEY
            await load_mcp_tools(session),
            system_prompt=policy,
        )
        done = await agent.ainvoke({"messages": [{"role": "user", "content": message}]})
    return done["messages"][-1].text


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
