"""OpenEnv's own clients, its validator, and its runtime graders, against the protocol that the server speaks."""

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from openenv import GenericEnvClient
from openenv.core.env_server.mcp_types import CallToolAction
from openenv.core.mcp_client import MCPToolClient
from openenv.validation.graders.runtime import basic
from openenv.validation.runtime.collector import collect_runtime_evidence
from openenv.validation.runtime.contracts import RuntimePlan
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

PATH = "/environments/library/openenv"


def call_of(turn):
    return {"name": "say_to_user", "arguments": {"message": turn}} if isinstance(turn, str) else turn


async def with_generic_client(run, url):
    async with GenericEnvClient(base_url=url + PATH) as env:
        await env.reset(task=run["task"], seed=0)
        for turn in run["turns"]:
            call = call_of(turn)
            seen = await env.step({"type": "call_tool", "tool_name": call["name"], "arguments": call["arguments"]})
        assert seen.done
        return seen.reward


async def with_mcp_client(run, url):
    async with MCPToolClient(base_url=url + PATH) as env:
        await env.reset(task=run["task"])
        assert len(await env.list_tools()) == 18
        *most, last = [call_of(turn) for turn in run["turns"]]
        for call in most:
            if "name" in call["arguments"]:  # which its `call_tool(name, **arguments)` cannot pass on
                await env.step(CallToolAction(tool_name=call["name"], arguments=call["arguments"]))
            else:
                await env.call_tool(call["name"], **call["arguments"])
        seen = await env.step(CallToolAction(tool_name=last["name"], arguments=last["arguments"]))
        return seen.reward


async def main():
    generic = [await with_generic_client(run, URL) for run in RUNS]
    assert generic == [await with_mcp_client(run, URL) for run in RUNS]
    try:
        void = await with_generic_client(VOID_RUN, VOID_URL)
    except RuntimeError as problem:  # what its client raises for a frame that is an error
        void = "left out" if "no reward" in str(problem) else 0.0
    return generic, void


def graded():
    """The outcome of each runtime grader, over a replayed run."""
    actions = [
        {"type": "call_tool", "tool_name": call["name"], "arguments": call["arguments"]}
        for call in map(call_of, RUNS[0]["turns"])
    ]
    reset = {"seed": 7, "episode_id": "probe", "options": {"task": RUNS[0]["task"]}}
    plan = RuntimePlan.model_validate({"plan_schema_version": "1", "reset": reset, "actions": actions})
    evidence = collect_runtime_evidence(URL + PATH, plan, episode_timeout_s=30)
    subject = SimpleNamespace(
        runtime_evidence=evidence, manifest=SimpleNamespace(reward=SimpleNamespace(range=(0.0, 1.0)))
    )
    graders = (basic.RewardWellFormedGrader(), basic.ObservationSchemaGrader(), basic.StateContractGrader())
    return {grader.check_id: str(grader.run(subject).status) for grader in graders}


rewards, void = asyncio.run(main())
command = [str(Path(sys.executable).with_name("openenv")), "validate", "--url", URL + PATH]
validated = subprocess.run(command, capture_output=True, text=True)
tell(rewards, void, graders=graded(), validated=validated.stdout + validated.stderr)
