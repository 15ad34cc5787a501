"""The control API: open, inspect, fork, judge and close episodes. It is for whoever runs the agents, not for agents."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import anyio.lowlevel
from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from toolworld.datasets import Task, Trajectory, Verdict, from_chat, needs_user, split_of
from toolworld.environments import Environment, Event, Op
from toolworld.ground import JsonValue
from toolworld.server.control.records import (
    Answer,
    Conversation,
    EnvironmentDetail,
    EnvironmentSummary,
    EpisodeSummary,
    ForkRequest,
    Health,
    IncludedPart,
    OpenRequest,
    TaskDetail,
    VerdictRequest,
)
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.opening import Opening, open_group
from toolworld.server.episodes.shown_tool import shown_function
from toolworld.server.security.credential import carries_token


async def authorized(request: Request, authorization: Annotated[str | None, Header()] = None) -> None:
    """Refuse a request that does not carry the token, where there is one."""
    token: str | None = request.app.state.token
    if token is not None and not carries_token(authorization or "", token):
        needs = "the control API needs the bearer token of TOOLWORLD_TOKEN"
        raise HTTPException(401, needs, {"www-authenticate": "Bearer"})


async def episodes_of(request: Request) -> Episodes:  # not a plain function: those are called in another thread
    """The episodes that the application serves."""
    return request.app.state.episodes


async def named(episode: str, episodes: Annotated[Episodes, Depends(episodes_of)]) -> Episode:
    """The episode that a path names, as it is in the store: another process may have called, closed or removed it."""
    return await episodes.as_stored(episode)


S = TypeVar("S", bound=EnvironmentSummary)
All = Annotated[Episodes, Depends(episodes_of)]
Named = Annotated[Episode, Depends(named)]
_EVIDENCE_NEEDS_TOKEN = (
    "evidence is shown to holders of the token only; start the server with TOOLWORLD_TOKEN to see it"
)
_HEARD = "It has a conversation already."
_MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of that name."}}

control = APIRouter(
    dependencies=[Depends(authorized)],
    responses={
        400: {"description": "The request is no JSON."},
        401: {"description": "The token is missing or wrong."},
        403: {"description": "The request comes from a web page of another origin."},
        413: {"description": "The request is larger than 1 MiB."},
        421: {"description": "The server does not go by that name."},
        503: {"description": "The store failed."},
    },
)


probes = APIRouter()


@probes.get("/healthz", responses={503: {"description": "The store failed."}})
async def check_health(episodes: Annotated[Episodes, Depends(episodes_of)]) -> Health:
    """Whether calls can be made and kept; for anyone who asks."""
    await episodes.health()
    return Health(status="ok")


@control.get("/metrics", response_class=PlainTextResponse)
async def show_metrics(episodes: All) -> PlainTextResponse:
    """The server's metrics in Prometheus' text format."""
    return PlainTextResponse(episodes.telemetry.exposition(), media_type="text/plain; version=0.0.4")


@control.get("/environments")
async def list_environments(
    request: Request, episodes: All, after: str = "", limit: Annotated[int, Field(ge=1, le=1000)] = 100
) -> list[EnvironmentSummary]:
    """List the environments that episodes can be opened in, by id; go on with `after` set to the last id seen."""
    shown: list[EnvironmentSummary] = []
    for name in sorted(name for name in episodes.environments.names if name > after)[:limit]:
        shown.append(_environment(request, episodes, name, EnvironmentSummary))
        await anyio.lowlevel.checkpoint()  # reading many from a pack takes a while; calls go on meanwhile
    return shown


@control.get("/environments/{environment}", responses=_MISSING)
async def show_environment(environment: str, request: Request, episodes: All) -> EnvironmentDetail:
    """Show an environment with its policy and tools."""
    return _environment(request, episodes, environment, EnvironmentDetail)


@control.get("/environments/{environment}/tasks", responses=_MISSING)
async def list_tasks(
    environment: str,
    episodes: All,
    detail: bool = False,
    after: str = "",
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
) -> list[str] | list[TaskDetail]:
    """List an environment's tasks by id, with `detail=1` with requests and scenarios; `after` is the last id seen."""
    found = episodes.environments.show(environment)
    known = sorted(episodes.tasks.of(environment), key=lambda task: task.id)
    tasks = [task for task in known if task.id > after][:limit]
    return [_task(task, found) for task in tasks] if detail else [task.id for task in tasks]


@control.get("/tasks/{task:path}", responses=_MISSING)
async def show_task(task: str, episodes: All) -> TaskDetail:
    """Show a task: its request, and the scenario that a user simulator plays."""
    found = episodes.tasks.get(task)
    return _task(found, episodes.environments.show(found.environment))


@control.post("/episodes", status_code=201, responses=_MISSING)
async def open_episode(body: OpenRequest, request: Request, episodes: All) -> EpisodeSummary | list[EpisodeSummary]:
    """Open an episode for an environment or for a task; with `count` a list of them, as trials of one task."""
    asked = Opening(environment=body.environment, task=body.task, seed=body.seed, faults=body.faults, trial=body.trial)
    opened = await open_group(episodes, asked, body.count or 1)
    shown = [_including(body.include, episode, _summary(request, episodes, episode, 0)) for episode in opened]
    return shown[0] if body.count is None else shown


@control.get("/episodes")
async def list_episodes(
    request: Request, episodes: All, after: str = "", limit: Annotated[int, Field(ge=1, le=1000)] = 100
) -> list[EpisodeSummary]:
    """List episodes by id; go on with `after` set to the last id seen."""
    rows = await episodes.store.episodes(after, limit)
    found = [await episodes.get(row.id) for row in rows]
    return [_summary(request, episodes, one, len(await one.exchanges())) for one in found]


@control.get("/episodes/{episode}", responses=_MISSING)
async def show_episode(episode: Named, request: Request, episodes: All) -> EpisodeSummary:
    """Show an episode."""
    return _summary(request, episodes, episode, len(await episode.exchanges()))


@control.get("/episodes/{episode}/state", responses=_MISSING)
async def show_state(episode: Named) -> dict[str, JsonValue]:
    """The whole state as it is now: collections by key, and singletons."""
    return episode.snapshot.state.document()


@control.get("/episodes/{episode}/diff", responses=_MISSING)
async def show_diff(episode: Named) -> list[Op]:
    """What changed since the initial state, with changed fields only."""
    return list(episode.changes)


@control.get("/episodes/{episode}/log", responses=_MISSING)
async def show_log(episode: Named) -> list[Event]:
    """Every call with its result and ops."""
    return list(await episode.log())


@control.get("/episodes/{episode}/trajectory", response_model=Trajectory, responses=_MISSING)
async def show_trajectory(episode: Named, episodes: All, answer: str | None = None) -> Response:
    """The record of an episode as a trajectory, with what the agent says that it told the user."""
    run = await episodes.trajectory(episode)
    run = run if answer is None else run.model_copy(update={"answer": answer})  # a GET keeps nothing
    return Response(run.json_bytes(), media_type="application/json")  # a record needs no second validation


@control.put("/episodes/{episode}/answer", status_code=204, responses=_MISSING)
async def keep_answer(episode: Named, body: Answer) -> None:
    """Keep what the agent told the user with the episode, for its verdict and its trajectory."""
    await episode.note_answer(body.answer)


@control.put("/episodes/{episode}/conversation", status_code=204, responses={**_MISSING, 409: {"description": _HEARD}})
async def keep_conversation(episode: Named, body: Conversation) -> None:
    """Keep a conversation that was held elsewhere with the episode, for its verdict and its trajectory.

    The same one may be sent again.
    """
    if await episode.exchanges() != body.exchanges:
        await episode.add_exchanges(0, body.exchanges)


@control.post("/episodes/{episode}/fork", status_code=201, responses=_MISSING)
async def fork_episode(
    episode: Named, request: Request, episodes: All, body: ForkRequest | None = None
) -> EpisodeSummary:
    """Open an episode that shares this one's first calls."""
    forked = await episodes.fork(episode.id, body.step if body else None)
    return _summary(request, episodes, forked, forked.row.fork_exchange)


@control.post("/episodes/{episode}/verdict", responses={**_MISSING, 409: {"description": "It is for no task."}})
async def judge_episode(episode: Named, request: Request, episodes: All, body: VerdictRequest | None = None) -> Verdict:
    """Judge what was done in an episode that was opened for a task.

    Without a token anyone on this machine may ask, the agent too: so an episode is judged once, and the evidence,
    which holds the right changes and facts, is not shown.
    """
    if episode.row.task is None:
        raise HTTPException(409, "this episode was opened for an environment, not for a task")
    asked, is_open = body or VerdictRequest(), request.app.state.token is None
    messages = None if asked.messages is None else from_chat(asked.messages)
    kept = await episodes.kept_verdict(episode) if is_open else None
    if kept is not None and kept.outcome == "void":  # what broke the run may be mended
        kept = None
    if kept is not None and asked != VerdictRequest():
        raise HTTPException(409, "this episode was judged already; without a token each is judged once")
    if kept is None:
        kept = await episodes.verdict(episode, asked.answer, messages=messages, if_unclear=asked.if_unclear)
    return kept.without_evidence(_EVIDENCE_NEEDS_TOKEN) if is_open else kept


@control.get("/episodes/{episode}/verdict", responses=_MISSING)
async def show_verdict(episode: Named, request: Request, episodes: All) -> Verdict:
    """Show the verdict that an episode was given last."""
    kept = await episodes.kept_verdict(episode)
    if kept is None:
        raise HTTPException(404, "this episode was not judged yet")
    return kept.without_evidence(_EVIDENCE_NEEDS_TOKEN) if request.app.state.token is None else kept


@control.delete("/episodes/{episode}", status_code=204, responses=_MISSING)
async def close_episode(episode: Named, episodes: All) -> None:
    """Close an episode: its log stays, calls are refused."""
    await episodes.close(episode.id)


def _including(parts: Sequence[IncludedPart], episode: Episode, summary: EpisodeSummary) -> EpisodeSummary:
    environment = episode.runtime.environment
    found = {
        "tools": tuple(map(shown_function, environment.tools_of("agent"))) if "tools" in parts else None,
        "policy": environment.policy if "policy" in parts else None,
    }
    return summary.model_copy(update=found) if parts else summary


def _task(task: Task, environment: Environment) -> TaskDetail:
    return TaskDetail(
        id=task.id,
        environment=task.environment,
        environment_version=task.environment_version,
        request=task.request,
        seed=task.seed,
        faults=task.faults,
        scenario=task.scenario,
        needs_user=needs_user(task, environment),
        split=split_of(task.environment),
    )


def _environment(request: Request, episodes: Episodes, name: str, shape: type[S]) -> S:
    environment = episodes.environments.show(name)
    return shape.model_validate(
        {
            **{field: getattr(environment, field) for field in shape.model_fields.keys() - {"mcp_url", "tasks"}},
            "mcp_url": f"{_base_url(request)}/environments/{name}/mcp",
            "tasks": episodes.tasks.count(name),
        }
    )


def _summary(request: Request, episodes: Episodes, episode: Episode, exchanges: int) -> EpisodeSummary:
    row = episode.row
    task = episodes.tasks.find(row.task) if row.task else None
    return EpisodeSummary(
        id=row.id,
        environment=row.environment,
        environment_version=row.version,
        seed=row.seed,
        task=episodes.task_id(episode),
        parent=row.parent,
        fork_step=row.fork_step,
        steps=episode.snapshot.step,
        exchanges=exchanges,
        digest=episode.snapshot.state.digest,
        initial_digest=episode.runtime.start.state.digest,
        closed=episode.closed,
        faults=episode.runtime.environment.faults,
        mcp_url=f"{_base_url(request)}/episodes/{row.id}/mcp",
        calls_url=f"{_base_url(request)}/episodes/{row.id}/calls",
        user_url=f"{_base_url(request)}/episodes/{row.id}/user" if row.task else None,
        user_mcp_url=f"{_base_url(request)}/episodes/{row.id}/user/mcp"
        if episode.runtime.environment.has_user_tools
        else None,
        request=task.request if task else None,
    )


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")
