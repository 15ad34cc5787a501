"""A package for OpenEnv: its manifest, an image of a server, and a run for its own graders to replay."""

from pathlib import Path

from toolworld.datasets.suite.conditions import split_of
from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.training_export.folder_files import filled, write_folder
from toolworld.environments import Environment
from toolworld.ground import JsonValue, UsageError, encode

MAX_ACTIONS = 100
"""Of a run that OpenEnv replays."""


def export_openenv(suite: TaskSuite, environment: Environment, out: Path) -> None:
    """Write the package of an environment.

    Raises:
        UsageError: the environment has no tasks.
        RecordError: the folder is there already, or cannot be written.
    """
    tasks = [task for task in suite.tasks if task.environment == environment.id]
    if not tasks:
        raise UsageError(f"environment {environment.id} has no tasks, and a package for OpenEnv is of tasks")
    task = min(tasks, key=lambda one: (len(one.calls), one.id))
    names = [tool.name for tool in environment.tools_of("agent")]
    actions: list[JsonValue] = [
        {"type": "call_tool", "tool_name": one.call.name, "arguments": one.call.arguments}
        for one in task.calls[: MAX_ACTIONS - 1]
    ]
    actions.append({"type": "call_tool", "tool_name": "submit_answer", "arguments": {"answer": "That is done."}})
    options: JsonValue = {"task": task.id, "if_unclear": "zero"}
    plan = {
        "plan_schema_version": "1",
        "reset": {"seed": task.seed, "episode_id": "replayed", "options": options},
        "actions": actions,
    }
    values = {
        "environment": environment.id,
        "title": environment.title,
        "task": task.id,
        "tasks": len(tasks),
        "tool_count": len(names),
    }
    write_folder(
        out,
        {
            "openenv.yaml": openenv_manifest(suite, environment),
            "Dockerfile": filled("openenv/Dockerfile", environment=environment.id),
            "README.md": filled("openenv/README.md", **values),
            "validation/runtime.json": encode(plan) + b"\n",
        },
    )


def openenv_manifest(suite: TaskSuite, environment: Environment) -> bytes:
    """The manifest of an environment, as YAML."""
    return filled(
        "openenv/openenv.yaml",
        name=environment.id,
        tools=encode([tool.name for tool in environment.tools_of("agent")]).decode(),
        tasks=sum(task.environment == environment.id for task in suite.tasks),
        split=split_of(environment.id),
    )
