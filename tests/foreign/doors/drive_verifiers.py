"""verifiers: `vf-eval` with its null harness, which calls the tools over MCP, and the user between its turns."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell
from scripted_model import endpoint

MODULE = """from toolworld_client.verifiers import ToolworldEnv, ToolworldTaskset

__all__ = ["ToolworldTaskset", "ToolworldEnv"]
"""
BIN = Path(sys.executable).parent


def play(run, url):
    """Evaluate one task, and return its trace."""
    with tempfile.TemporaryDirectory() as folder, endpoint(run["turns"]) as port:
        Path(folder, "toolworld_tasks.py").write_text(MODULE)
        command = [
            str(BIN / "vf-eval"),
            "toolworld-tasks",
            *("--env.taskset.only", json.dumps([run["task"]])),
            *("--env.taskset.task.url", url),
            *("--env.agent.harness.id", "null"),
            *("--env.agent.runtime.type", "subprocess"),
            *("-m", "scripted"),
            *("--client.base-url", f"http://127.0.0.1:{port}/v1"),
            *("--client.api-key-var", "OPENAI_API_KEY"),
            "--no-push",
        ]
        variables = {"PYTHONPATH": folder, "OPENAI_API_KEY": "key", "PATH": f"{BIN}:{os.environ['PATH']}"}
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300
        )
        found = [*Path(folder).glob("outputs/*/traces.jsonl")]
        assert found, done.stdout[-2000:] + done.stderr[-2000:]
        [trace] = json.loads(found[0].read_text().splitlines()[0])["traces"]
        return trace


traces = [play(run, URL) for run in RUNS]
for trace in traces:
    assert not trace["errors"], trace["errors"]
broken = play(VOID_RUN, VOID_URL)
void = "left out" if broken["errors"] and not broken["rewards"] else 0.0
tell([trace["rewards"]["reward"]["score"] for trace in traces], void, metrics=sorted(traces[0]["metrics"]))
