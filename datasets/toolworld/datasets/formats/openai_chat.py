"""OpenAI chat format: `messages` with `tools`, as fine-tuning and chat-completions endpoints take them."""

from pathlib import Path

from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment
from toolworld.ground import JsonObject, JsonValue, RecordError, encode, read_lines, write_atomically


def to_chat(trajectory: Trajectory, environment: Environment) -> JsonObject:
    """A trajectory as `{messages, tools}`; the policy is the system message."""
    system: JsonObject = {"role": "system", "content": environment.policy}
    messages: list[JsonValue] = [system, *(message.wire() for message in trajectory.messages)]
    return {"messages": messages, "tools": _functions(environment)}


def export_chat(trajectories: Path, suite: TaskSuite, out: Path) -> tuple[int, int]:
    """Write the trajectories of a JSONL file in the chat format, one conversation a line.

    Returns:
        The number of conversations, and the bytes of a cut-off last line, which was not read.

    Raises:
        RecordError: the file cannot be read, holds nothing, or one of its runs is not in the suite's environments.
    """
    lines = read_lines(trajectories, Trajectory)
    if not lines.records:
        raise RecordError(f"{trajectories} holds no trajectories")
    rows: list[bytes] = []
    for run in lines.records:
        if run.environment not in suite.runtimes:
            raise RecordError(
                f"{trajectories}: run {run.id} is of environment {run.environment}, which --env did not name"
            )
        environment = suite.runtimes.environment(run.environment)
        if run.environment_version != environment.version:
            raise RecordError(
                f"{trajectories}: run {run.id} was made in version {run.environment_version} of {run.environment}, "
                f"and this is version {environment.version} (played under --faults?)"
            )
        rows.append(encode(to_chat(run, environment)) + b"\n")
    write_atomically(out, b"".join(rows))
    return len(rows), lines.torn


def _functions(environment: Environment) -> list[JsonValue]:
    """The agent's tools as function schemas."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in environment.tools_of("agent")
    ]
