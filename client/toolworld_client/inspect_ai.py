"""toolworld for inspect_ai (0.3.285): a sample for each task, an episode for each sample, a verdict as its score.

eval(toolworld("library"), model="openai/gpt-5")
"""

from __future__ import annotations

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef, ToolError, ToolParams
from inspect_ai.util import store

from toolworld_client import AsyncEpisode, AsyncToolworld, Toolworld
from toolworld_client.turns import MAX_TURNS

EPISODE = "toolworld_episode"


@task
def toolworld(environment: str, only: str = "", split: str | None = None, url: str | None = None) -> Task:
    """The tasks of an environment.

    Args:
        environment: The environment's id.
        only: Ids of tasks, separated by commas; by default all.
        split: `train`, `validation` or `test`.
        url: Of the server; by default TOOLWORLD_URL.
    """
    with Toolworld(url) as world:
        chosen = [world.task(name) for name in only.split(",")] if only else [*world.tasks(environment, split=split)]
    samples = [Sample(id=one.id, input=one.request, metadata={"environment": one.environment}) for one in chosen]
    return Task(dataset=samples, solver=talk(url), scorer=verdict(url))


@solver
def talk(url: str | None = None, max_turns: int = MAX_TURNS) -> Solver:
    """Open an episode, and let the model use its tools and talk with its user, until the user is done."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async with AsyncToolworld(url) as world:
            episode = await world.episode(str(state.sample_id))
            store().set(EPISODE, episode.id)
            state.messages.insert(0, ChatMessageSystem(content=episode.policy))
            state.tools = [_tool(episode, spec) for spec in episode.tools]
            for _ in range(max_turns):
                state = await generate(state, tool_calls="loop")
                heard = await episode.say(state.output.completion)
                if heard.done:
                    break
                state.messages.append(ChatMessageUser(content=heard.text))
        return state

    return solve


@scorer(metrics=[accuracy(), stderr()])
def verdict(url: str | None = None) -> Scorer:
    """The verdict of the sample's episode; a void run raises, so that it is an errored sample and not a zero."""

    async def score(state: TaskState, target: Target) -> Score:
        async with AsyncToolworld(url) as world:
            episode = await world.resume(store().get(EPISODE))
            judged, diff = await episode.verdict(), await episode.diff()
            await episode.close()
        value = {1.0: CORRECT, 0.0: INCORRECT}.get(judged.required(), judged.required())
        why = "\n".join(f"{check['name']}: {check['outcome']}: {_texts(check)}" for check in judged.document["checks"])
        told = {"outcome": judged.outcome, "episode": episode.id, "diff": diff}
        return Score(value=value, answer=state.output.completion, explanation=why, metadata=told)

    return score


def _texts(check: dict[str, Any]) -> str:
    return "; ".join(evidence["text"] for evidence in check["evidence"])


def _tool(episode: AsyncEpisode, spec: dict[str, Any]) -> Tool:
    async def call(**arguments: Any) -> str:
        result = await episode.call(spec["name"], arguments)
        if not result.ok:
            raise ToolError(result.text)
        return result.text

    schema = spec["input_schema"]
    described = {name: {"description": name, **part} for name, part in schema.get("properties", {}).items()}
    parameters = ToolParams.model_validate({**schema, "properties": described})  # each has to have a description
    return ToolDef(call, name=spec["name"], description=spec["description"], parameters=parameters).as_tool()
