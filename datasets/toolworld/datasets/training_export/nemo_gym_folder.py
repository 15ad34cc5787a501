"""A folder that NeMo Gym runs in: its entries, the agent that talks with users, and the tasks as rows."""

from pathlib import Path

from toolworld.datasets.formats.openai_chat import functions_of
from toolworld.datasets.suite.conditions import split_of
from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.task import Task
from toolworld.datasets.training_export.folder_files import filled, lines, write_folder
from toolworld.environments import Environment
from toolworld.ground import JsonObject, JsonValue

EXAMPLES = 5
"""Rows of the file that is called `example`, by which one tries things out."""
_SERVER, _AGENT = "resources_servers/toolworld", "responses_api_agents/toolworld_agent"


def nemo_gym_row(task: Task, environment: Environment) -> JsonObject:
    """A task as a row."""
    tools: list[JsonValue] = []
    for one in functions_of(environment):
        function = one["function"]
        assert isinstance(function, dict)
        tools.append({"type": "function", **function, "strict": False})
    return {
        "responses_create_params": {
            "input": [{"role": "system", "content": environment.policy}, {"role": "user", "content": task.request}],
            "tools": tools,
            "parallel_tool_calls": False,
        },
        "task": task.id,
        "seed": task.seed,
        "environment": task.environment,
        "environment_version": environment.version,
        "agent_ref": {"type": "responses_api_agents", "name": "toolworld_agent"},
    }


def export_nemo_gym(suite: TaskSuite, out: Path, server: str) -> dict[str, int]:
    """Write the folder.

    Args:
        suite: The tasks.
        out: The folder.
        server: Where `toolworld serve --nemo-gym` listens, as `HOST:PORT`.

    Returns:
        How many tasks each split has.

    Raises:
        RecordError: the folder is there already, or cannot be written.
    """
    rows: dict[str, list[JsonValue]] = {"example": []}
    for task in suite.tasks:
        row = nemo_gym_row(task, suite.runtime_of(task).environment)
        rows.setdefault(split_of(task.environment), []).append(row)
        if len(rows["example"]) < EXAMPLES:
            rows["example"].append(row)
    host, _, port = server.rpartition(":")
    entries = "\n".join(
        f"      - {{name: {name}, type: {name}, jsonl_fpath: {_SERVER}/data/{name}.jsonl, license: Apache 2.0}}"
        for name in rows
        if name != "test"
    )
    environments = " ".join(name for name in suite.runtimes)
    values = {"host": host, "port": port, "environments": environments, "count": len(suite.tasks)}
    write_folder(
        out,
        {
            "README.md": filled("nemo_gym/README.md", **values, example="example"),
            f"{_SERVER}/app.py": filled("nemo_gym/resources_app.py"),
            f"{_SERVER}/requirements.txt": b"",
            f"{_SERVER}/configs/toolworld.yaml": filled("nemo_gym/toolworld.yaml", **values, datasets=entries),
            f"{_AGENT}/app.py": filled("nemo_gym/agent_app.py"),
            f"{_AGENT}/requirements.txt": b"",
            **{f"{_SERVER}/data/{name}.jsonl": lines(of) for name, of in rows.items()},
        },
    )
    return {name: len(of) for name, of in rows.items() if name != "example"}
