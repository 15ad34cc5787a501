"""What a model is asked at each stage, and in which form it answers."""

from collections.abc import Mapping
from typing import NamedTuple

from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.synthesis.generator.lines import Stage
from toolworld.environments.synthesis.generator.slots import environment_name
from toolworld.environments.synthesis.templates import LANGUAGE, read_template
from toolworld.environments.synthesis.written_environment import shown_tools
from toolworld.ground import JsonObject, JsonSchema, JsonValue, closed_object, encode
from toolworld.llm import Message, Request, ResponseFormat

START = "2026-03-02T09:00:00Z"
_TEXT: JsonSchema = {"type": "string"}
_TEXTS: JsonSchema = {"type": "array", "items": {"type": "string"}}


def _list_of(**properties: JsonValue) -> JsonSchema:
    return {"type": "array", "items": closed_object(properties)}


_EFFECT: JsonSchema = {"type": "string", "enum": ["read", "write"]}
_FORMATS: Mapping[Stage, JsonSchema] = {
    "subfields": closed_object({"subfields": _list_of(name=_TEXT, summary=_TEXT)}),
    "scenarios": closed_object({"scenarios": _list_of(title=_TEXT, summary=_TEXT, jobs=_TEXTS)}),
    "state": closed_object({"state_schema": _TEXT}),
    "tools": closed_object(
        {
            "tools": _list_of(
                name=_TEXT,
                description=_TEXT,
                effect=_EFFECT,
                parameters=_TEXT,
                required=_TEXTS,
                result=_TEXT,
                errors=_list_of(code=_TEXT, when=_TEXT),
            )
        }
    ),
    "policy": closed_object({"policy": _TEXT, "rules": _TEXT}),
    "behaviour": closed_object({"program": _TEXT}),
    "records": closed_object({"initial_state": _TEXT}),
}
FORMATS: Mapping[Stage, ResponseFormat] = {stage: ResponseFormat(schema, stage) for stage, schema in _FORMATS.items()}
"""The form of the answers of each stage."""
_TEMPLATES = {stage: read_template(stage) for stage in _FORMATS}


class StageCost(NamedTuple):
    """What a question of a stage costs, in tokens."""

    shown: int
    """Typically asked, besides the template."""
    told: int
    """Typically answered."""
    most: int
    """The limit of an answer."""


COSTS: Mapping[Stage, StageCost] = {
    "subfields": StageCost(20, 120, 1024),
    "scenarios": StageCost(80, 500, 3072),
    "state": StageCost(220, 700, 4096),
    "tools": StageCost(920, 1900, 8192),
    "policy": StageCost(2100, 500, 3072),
    "behaviour": StageCost(2800, 2200, 8192),
    "records": StageCost(2800, 2000, 12288),
}
"""For projections before a run: measured on a run of ours; during one, what was used is counted."""


def template_tokens(stage: Stage) -> int:
    """About how many tokens the template of a stage has: a quarter of its bytes."""
    return len(_TEMPLATES[stage].template.encode()) // 4 + (len(LANGUAGE) // 4 if stage == "behaviour" else 0)


def request_of(stage: Stage, shown: Mapping[str, str], *, seed: int, temperature: float) -> Request:
    """The request of a question.

    Args:
        stage: The stage.
        shown: What its template has places for.
        seed: Of the sampling.
        temperature: Of the sampling.
    """
    prompt = _TEMPLATES[stage].substitute(shown, language=LANGUAGE)
    return Request(
        (Message(role="user", content=prompt),),
        response_format=FORMATS[stage],
        temperature=temperature,
        max_tokens=COSTS[stage].most,
        seed=seed,
    )


def shown_scenario(scenario: JsonObject) -> str:
    """A scenario as later stages show it."""
    return encode({name: scenario[name] for name in ("title", "summary", "jobs")}).decode()


def shown_draft(draft: Environment, scenario: JsonObject) -> dict[str, str]:
    """A draft as stages show it."""
    return {
        "scenario": shown_scenario(scenario),
        "state": draft.state_schema.model_dump_json(exclude_defaults=True),
        "tools": "\n".join(f"- {encode(one).decode()}" for one in shown_tools(draft)),
    }


def first_draft(slot: str, field: str, scenario: JsonObject) -> Environment:
    """The environment of a scenario before anything of it is there."""
    return Environment(
        id=environment_name(slot),
        domain=field,
        title=str(scenario["title"]),
        description=str(scenario["summary"]),
        policy="",
        tools=(),
        state_schema=StateSchema(),
        initial_state=StateDocument(),
        clock=Clock.model_validate({"start": START}),
    )
