"""The rows: of runs in the form of a chat or of ShareGPT, and of one shape for Hugging Face, TRL, verl and SkyRL."""

from toolworld.datasets.formats.openai_chat import ChatForm, functions_of, to_chat
from toolworld.datasets.formats.sharegpt import to_sharegpt
from toolworld.datasets.suite.conditions import needs_user, split_of
from toolworld.datasets.task import Task
from toolworld.datasets.training_export.selection import JudgedRun
from toolworld.environments import Environment
from toolworld.ground import JsonObject, JsonValue, encode

AS_TEXT = ChatForm(arguments="text", content="empty", tools="text")
"""Of columns: what differs from row to row is a text, so that nothing is merged and filled with nulls."""


def of_run(run: JudgedRun) -> JsonObject:
    """What a row tells of its run beside the conversation."""
    trajectory, verdict = run.trajectory, run.verdict
    return {
        "task": trajectory.task,
        "environment": trajectory.environment,
        "environment_version": trajectory.environment_version,
        "seed": trajectory.seed,
        "trial": trajectory.trial,
        "agent": trajectory.agent,
        "outcome": verdict.outcome if verdict else None,
        "reward": verdict.reward if verdict else None,
        "split": split_of(trajectory.environment),
    }


def chat_row(run: JudgedRun, form: ChatForm) -> JsonObject:
    """A run as `{messages, tools}` with what it is of."""
    return {**to_chat(run.trajectory, run.environment, form), **of_run(run)}


def sharegpt_row(run: JudgedRun) -> JsonObject:
    """A run as `{conversations, system, tools}` with what it is of."""
    return {**to_sharegpt(run.trajectory, run.environment), **of_run(run)}


def run_row(run: JudgedRun, index: int) -> JsonObject:
    """A run in the one shape: for fine-tuning, and with the prompt of its task for reinforcement learning."""
    chat = to_chat(run.trajectory, run.environment, AS_TEXT)
    messages = chat["messages"]
    assert isinstance(messages, list)
    told = of_run(run)
    return {
        "prompt": messages[:2],
        "messages": messages,
        "tools": chat["tools"],
        **told,
        **_of_trainers(run.trajectory.task or "", run.trajectory.environment, run.trajectory.seed, index),
    }


def task_row(task: Task, environment: Environment, index: int) -> JsonObject:
    """A task in the one shape: nobody has played it yet, so that there is no conversation and no reward."""
    prompt: list[JsonValue] = [
        {"role": "system", "content": environment.policy},
        {"role": "user", "content": task.request},
    ]
    return {
        "prompt": prompt,
        "messages": None,
        "tools": encode(functions_of(environment)).decode(),
        "task": task.id,
        "environment": task.environment,
        "environment_version": environment.version,
        "seed": task.seed,
        "trial": 0,
        "agent": None,
        "outcome": None,
        "reward": None,
        "split": split_of(task.environment),
        **_of_trainers(task.id, task.environment, task.seed, index, user=needs_user(task, environment)),
    }


def _of_trainers(task: str, environment: str, seed: int, index: int, user: bool | None = None) -> JsonObject:
    """The columns by whose names verl and SkyRL look; both find the episode's task in `extra_info`."""
    rule: JsonObject = {"style": "rule", "ground_truth": task}
    return {
        "data_source": f"toolworld/{environment}",
        "ability": "tools",
        "agent_name": "toolworld_agent",
        "env_class": "toolworld",
        "reward_model": rule,
        "reward_spec": {"method": "rule", "ground_truth": task},
        "extra_info": {
            "index": index,
            "task": task,
            "seed": seed,
            "needs_user": user,
            "split": split_of(environment),
        },
    }
