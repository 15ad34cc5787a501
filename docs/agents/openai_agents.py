"""Let an agent of the OpenAI Agents SDK do a task of `toolworld serve library`, and print the verdict."""
# ruff: noqa: T201

import argparse
import asyncio
import os

import httpx
from agents import Agent, OpenAIChatCompletionsModel, RunConfig, Runner, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI

ONCE = "I cannot write again today, so please take this as my yes to what I ask for."


async def answer(mcp_url: str, message: str, model: str) -> str:
    """The agent's final answer to a user's message; its tools and its policy come from the episode."""
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
        done = await Runner.run(agent, message, max_turns=30, run_config=lenient)
    return done.final_output


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
