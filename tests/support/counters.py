"""A tiny environment for tests: named counters, and a shop with a title. It is not one of toolworld's own."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from toolworld.datasets import Task
from toolworld.environments import Environment, Runtime, RuntimePool, SimulationPlan, StateDocument
from toolworld.server import Episodes, open_episodes

TRUSTED = SimulationPlan(trusted=True)
"""Runs programs of tests in this process; without it they run in confined workers, as programs of strangers do."""

COUNTER = """
def show_count(name):
    counter = get("counters", name)
    if counter == None:
        fail("not_found", "There is no counter " + name)
    return counter

def add(name, amount = 1):
    counter = show_count(name)
    return update("counters", name, {"count": counter["count"] + amount})

def create(label):
    return insert("counters", {"name": new_id("C"), "label": label, "count": 0, "made": now()})

def remove(name):
    show_count(name)
    delete("counters", name)
    return "gone"

def rename_shop(title):
    set("shop", title)
    return get("shop")
"""


def counter_environment(behaviour: str | None = COUNTER, **changes: object) -> Environment:
    """The environment, with some fields changed."""
    text = {"type": "string"}

    def arguments(required: list[str], **properties: object) -> dict[str, object]:
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    tools = [
        {
            "name": "show_count",
            "effect": "read",
            "input_schema": arguments(["name"], name=text),
            "output_schema": {
                "type": "object",
                "required": ["name", "count"],
                "properties": {"name": text, "count": {"type": "integer"}},
            },
            "errors": [{"code": "not_found", "when": "There is no such counter."}],
        },
        {
            "name": "add",
            "effect": "write",
            "input_schema": arguments(["name"], name=text, amount={"type": "integer", "default": 1}),
        },
        {
            "name": "create",
            "effect": "write",
            "input_schema": arguments(["label"], label={**text, "format": "free-text"}),
        },
        {
            "name": "remove",
            "effect": "write",
            "input_schema": arguments(["name"], name=text),
            "output_schema": {"type": "string"},
        },
        {"name": "rename_shop", "effect": "write", "input_schema": arguments(["title"], title=text)},
    ]
    record = {
        "type": "object",
        "required": ["name", "count"],
        "properties": {
            "name": text,
            "label": text,
            "count": {"type": "integer", "minimum": 0},
            "made": text,
            "next": {"type": ["string", "null"], "default": None},
        },
    }
    document = StateDocument(
        collections={"counters": ({"name": "a", "count": 1}, {"name": "b", "count": 2, "next": "a"})},
        singletons={"shop": "Corner"},
    )
    return Environment.model_validate(
        {
            "id": "counters",
            "domain": "testing",
            "title": "Counters",
            "description": "Counts things.",
            "policy": "Be exact.",
            "tools": [{"description": f"To {tool['name']}.", **tool} for tool in tools],
            "state_schema": {
                "collections": {
                    "counters": {
                        "key": "name",
                        "record": record,
                        "references": {"next": "counters"},
                        "volatile": ["made"],
                    }
                },
                "singletons": {"shop": text},
            },
            "initial_state": document,
            "clock": {"start": "2026-01-01T12:00:00Z"},
            "behaviour": behaviour,
            **changes,
        }
    )


def trusted_runtime(environment: Environment | None = None) -> Runtime:
    """An environment whose program runs in this process."""
    return Runtime(environment or counter_environment(), simulation=TRUSTED)


def trusted_pool(*environments: Environment) -> RuntimePool:
    """Environments whose programs run in this process."""
    return RuntimePool.of(environments, TRUSTED)


def open_trusted(
    environments: Sequence[Environment], tasks: Sequence[Task] = (), **options: Any
) -> AbstractAsyncContextManager[Episodes]:
    """Open episodes in environments whose programs run in this process."""
    return open_episodes(trusted_pool(*environments), tasks, **options)
