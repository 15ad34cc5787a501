"""One turn of a task that models evolve: asked for, solved, simulated and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, cast

from toolworld.environments import Event, ToolSpec
from toolworld.ground import JsonObject, JsonValue, closed_object, encode
from toolworld.llm import Completion, FindProblem, Message, Model, Request, ResponseFormat, ask

MAX_TOKENS = 512
_SHOWN = 1_500
"""How much of a result is shown, in characters."""
FINISH = "finish"
"""What a solver says that is through."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the evolver has the customer ask for, and what should come of it."""

    text: str
    tool: str
    values: Mapping[str, JsonValue]
    """What the call has to be given besides keys, by parameter."""


@dataclass(frozen=True, slots=True)
class EvolvedTurn:
    """A turn that was accepted."""

    wish: Wish
    calls: range
    """The positions of its calls."""


@cache
def prompt(name: str) -> Template:
    """A prompt of this folder."""
    return Template((files("toolworld.rollout.evolution") / "prompts" / f"{name}.md").read_text(encoding="utf-8"))


async def asked(
    model: Model, text: str, form: JsonObject, find_problem: FindProblem = lambda _: None, *, seed: int = 0
) -> dict[str, Any] | None:
    """The answer of a model to a prompt; None where it gives none that can be used.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    request = Request(
        (Message(role="user", content=text),),
        response_format=ResponseFormat(form, "answer"),
        max_tokens=MAX_TOKENS,
        seed=seed,
    )
    found = await ask(model, request, find_problem)
    return value_of(found.completion) if found.accepted else None


def shown_tools(tools: Sequence[ToolSpec]) -> str:
    """Tools as a model reads them."""
    kept = {"name", "description", "input_schema", "errors"}
    return "\n".join(tool.model_dump_json(include=kept) for tool in tools)


def shown_calls(events: Sequence[Event]) -> str:
    """Calls with what came of them."""
    lines = [
        f"{event.step}. {event.call.name} {encode(event.call.arguments).decode()} -> {_came_of(event)}"
        for event in events
    ]
    return "\n".join(lines) or "(none)"


def _came_of(event: Event) -> str:
    if event.failure is not None:
        return f"refused: {event.failure.message}"
    return encode(event.result).decode()[:_SHOWN]


def wish_form(tool: ToolSpec) -> JsonObject:
    """The form of a wish for a tool."""
    return closed_object(
        {"turn": {"type": "string", "minLength": 1}, "tool": {"const": tool.name}, "values": {"type": "object"}}
    )


def call_form(tools: Sequence[ToolSpec]) -> JsonObject:
    """The form of a call of one of the tools, or of the end."""
    forms: list[JsonValue] = [
        closed_object({"name": {"const": tool.name}, "arguments": tool.input_schema}) for tool in tools
    ]
    forms.append(closed_object({"name": {"const": FINISH}, "arguments": {"type": "object"}}))
    return {"anyOf": forms}


VERDICT_FORM: JsonObject = closed_object({"verdict": {"enum": ["accept", "reject"]}, "why": {"type": "string"}})
REQUEST_FORM: JsonObject = closed_object({"request": {"type": "string", "minLength": 1}})


def value_of(completion: Completion) -> dict[str, Any]:
    """The value of an answer that matches its form."""
    return cast("dict[str, Any]", completion.value)
