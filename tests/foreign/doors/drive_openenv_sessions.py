"""OpenEnv's trainer side: its collector, with its own harness, over sessions of the client."""

import json
import tempfile
from pathlib import Path

from openenv.core.harness import HarnessRunLimits, MCPHarnessAdapter, ModelStepResult
from openenv.core.harness.collect import CollectRunner, RolloutSerializer
from openenv.core.llm_client import LLMResponse, ToolCall
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

from toolworld_client.openenv import ToolworldSessions


def model_of(run):
    """A model that takes the turns of a run: words with the tool that says them."""

    def step(messages, tools, sampling):
        done = sum(message["role"] == "tool" for message in messages)
        turn = run["turns"][done] if done < len(run["turns"]) else "Goodbye."
        call = {"name": "say_to_user", "arguments": {"message": turn}} if isinstance(turn, str) else turn
        asked = ToolCall(id=f"c{done}", name=call["name"], args=call["arguments"])
        return ModelStepResult(response=LLMResponse(content="", tool_calls=[asked]))

    return step


def collect(run, url, folder):
    runner = CollectRunner(
        session_factory=ToolworldSessions(url),
        harness_adapter=MCPHarnessAdapter(),
        serializer=RolloutSerializer(folder),
        tasks=[run["task"]],
        limits=HarnessRunLimits(max_turns=30),
    )
    result = runner.run(model_step=model_of(run), num_episodes=1, resume=False)
    rows = Path(folder) / "results.jsonl"
    return result, [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []


rewards = []
for run in RUNS:
    with tempfile.TemporaryDirectory() as folder:
        _, [row] = collect(run, URL, folder)
        rewards.append(row["reward"])
with tempfile.TemporaryDirectory() as folder:
    result, rows = collect(VOID_RUN, VOID_URL, folder)
tell(rewards, "left out" if not rows or rows[0]["reward"] is None else 0.0, rows=len(rows), collected=str(result)[:200])
