"""Runs as a log of inspect_ai (0.3, format 2), which Inspect View opens: a log for each environment."""

import hashlib
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from toolworld.datasets.training_export.folder_files import write_folder
from toolworld.datasets.training_export.selection import JudgedRun
from toolworld.datasets.verdict import Verdict
from toolworld.ground import JsonObject, JsonValue, encode
from toolworld.llm import Message, ToolCall

CREATED = "1970-01-01T00:00:00+00:00"
"""When a log says that it was made: the same runs are the same bytes, whenever they are exported."""


def export_inspect(runs: Iterable[JudgedRun], out: Path) -> dict[str, int]:
    """Write the logs into a new folder.

    Returns:
        How many runs the log of each environment has.

    Raises:
        RecordError: the folder is there already, or cannot be written.
    """
    by_environment: dict[str, list[JudgedRun]] = {}
    for run in runs:
        by_environment.setdefault(run.trajectory.environment, []).append(run)
    if by_environment:
        logs = {name: encode(inspect_log(name, of)) for name, of in by_environment.items()}
        write_folder(out, {log_name(name, log): log for name, log in logs.items()})
    return {name: len(of) for name, of in by_environment.items()}


def log_name(environment: str, log: bytes) -> str:
    """The name of a log's file, by which Inspect View finds it: when it was made, of what, and an id."""
    task = environment.replace("_", "-")
    return f"{CREATED.replace(':', '-')}_{task}_{hashlib.sha256(log).hexdigest()[:22]}.json"


def inspect_log(environment: str, runs: Sequence[JudgedRun]) -> JsonObject:
    """The log of an environment."""
    rewards = [run.verdict.reward for run in runs if run.verdict is not None and run.verdict.reward is not None]
    agents = sorted({run.trajectory.agent for run in runs})
    ids = sorted({_sample_id(run) for run in runs})
    metrics: JsonObject = {}
    if rewards:
        metrics = {"mean": {"name": "mean", "value": statistics.fmean(rewards)}}
    score: JsonObject = {
        "name": "verdict",
        "scorer": "verdict",
        "scored_samples": len(rewards),
        "unscored_samples": len(runs) - len(rewards),
        "metrics": metrics,
    }
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": environment,
            "run_id": environment,
            "task_id": environment,
            "created": CREATED,
            "task": environment,
            "task_version": runs[0].trajectory.environment_version,
            "dataset": {"name": environment, "samples": len(ids), "sample_ids": [*ids]},
            "model": f"toolworld/{agents[0]}" if len(agents) == 1 else "toolworld/several",
            "config": {"epochs": 1 + max(run.trajectory.trial for run in runs)},
        },
        "results": {"total_samples": len(runs), "completed_samples": len(runs), "scores": [score]},
        "stats": {"started_at": CREATED, "completed_at": CREATED},
        "samples": [_sample(run) for run in runs],
    }


def _sample(run: JudgedRun) -> JsonObject:
    trajectory, verdict = run.trajectory, run.verdict
    names: dict[str, str] = {call.id: call.name for message in trajectory.messages for call in message.tool_calls}
    system: JsonObject = {"role": "system", "content": trajectory.system or run.environment.policy}
    spoken = [_message(message, names) for message in trajectory.messages]
    last = next((message for message in reversed(spoken) if message["role"] == "assistant"), None)
    choices: list[JsonValue] = [{"message": last, "stop_reason": "stop"}] if last else []
    scores: JsonObject = {"verdict": _score(verdict)} if verdict is not None and verdict.reward is not None else {}
    return {
        "id": _sample_id(run),
        "epoch": trajectory.trial + 1,
        "input": next((one.content for one in trajectory.messages if one.role == "user"), None) or "",
        "target": "",
        "messages": [system, *spoken],
        "output": {"model": trajectory.agent, "choices": choices},
        "scores": scores,
        "metadata": {
            "environment": trajectory.environment,
            "environment_version": trajectory.environment_version,
            "seed": trajectory.seed,
            "outcome": verdict.outcome if verdict else None,
            "changes": [change.model_dump(mode="json") for change in trajectory.changes],
        },
    }


def _score(verdict: Verdict) -> JsonObject:
    why = [f"{check.name}: {check.outcome}: {'; '.join(e.text for e in check.evidence)}" for check in verdict.checks]
    return {"value": verdict.reward, "explanation": "\n".join(why), "metadata": {"outcome": verdict.outcome}}


def _sample_id(run: JudgedRun) -> str:
    return f"{run.trajectory.task or run.trajectory.environment}#{run.trajectory.seed}"


def _message(message: Message, names: dict[str, str]) -> JsonObject:
    body: JsonObject = {"role": message.role, "content": message.content or ""}
    if message.tool_calls:
        body["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        body |= {"tool_call_id": message.tool_call_id, "function": names.get(message.tool_call_id, "")}
    return body


def _call(call: ToolCall) -> JsonObject:
    return {"id": call.id, "function": call.name, "arguments": call.arguments, "type": "function"}
