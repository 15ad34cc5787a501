"""The control API: open, inspect, fork, judge and close episodes. It is for whoever runs the agents, not for agents."""

from typing import Annotated, Any, TypeVar

import anyio.lowlevel
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.responses import PlainTextResponse
from pydantic import Field

from toolworld.datasets import Fault, Task, Trajectory, Verdict
from toolworld.environments import FAULT_PROFILES, Event, FaultProfile, Op
from toolworld.ground import JsonValue, NotFoundError
from toolworld.judges import judge
from toolworld.server.control_records import (
    EnvironmentDetail,
    EnvironmentSummary,
    EpisodeSummary,
    ForkRequest,
    Health,
    OpenRequest,
    VerdictRequest,
)
from toolworld.server.credential import carries
from toolworld.server.episode import Episode
from toolworld.server.episodes import Episodes


async def authorized(request: Request, authorization: Annotated[str | None, Header()] = None) -> None:
    """Let a request through if it carries the token, or if none is asked for."""
    token: str | None = request.app.state.token
    if token is not None and not carries(authorization or "", token):
        raise HTTPException(401, "the control API needs the bearer token of TOOLWORLD_TOKEN")


def episodes_of(request: Request) -> Episodes:
    """Give the episodes that the application serves."""
    return request.app.state.episodes


async def named(episode: str, episodes: Annotated[Episodes, Depends(episodes_of)]) -> Episode:
    """Give the episode that a path names."""
    return await episodes.get(episode)


S = TypeVar("S", bound=EnvironmentSummary)
All = Annotated[Episodes, Depends(episodes_of)]
Named = Annotated[Episode, Depends(named)]
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
    """Tell whether calls can be made and kept; for anyone who asks."""
    await episodes.health()
    return Health(status="ok")


@control.get("/metrics", response_class=PlainTextResponse)
async def show_metrics(episodes: All) -> PlainTextResponse:
    """Give the server's figures in Prometheus' text format."""
    return PlainTextResponse(episodes.telemetry.exposition(), media_type="text/plain; version=0.0.4")


@control.get("/environments")
async def list_environments(
    request: Request, episodes: All, after: str = "", limit: Annotated[int, Field(ge=1, le=1000)] = 100
) -> list[EnvironmentSummary]:
    """List the environments that episodes can be opened in, by id; go on with `after` set to the last id seen."""
    shown: list[EnvironmentSummary] = []
    for name in sorted(name for name in episodes.environments.names if name > after)[:limit]:
        shown.append(_environment(request, episodes, name, EnvironmentSummary))
        await anyio.lowlevel.checkpoint()  # reading many of a pack takes its time; calls go on meanwhile
    return shown


@control.get("/environments/{environment}", responses=_MISSING)
async def show_environment(environment: str, request: Request, episodes: All) -> EnvironmentDetail:
    """Show an environment with its policy and tools."""
    return _environment(request, episodes, environment, EnvironmentDetail)


@control.get("/environments/{environment}/tasks", responses=_MISSING)
async def list_tasks(environment: str, episodes: All) -> list[str]:
    """List the ids of an environment's tasks."""
    episodes.runtime(environment)
    return [task.id for task in episodes.tasks.values() if task.environment == environment]


@control.post("/episodes", status_code=201, responses=_MISSING)
async def open_episode(wish: OpenRequest, request: Request, episodes: All) -> EpisodeSummary:
    """Open an episode for an environment or for a task."""
    task = episodes.task(wish.task) if wish.task is not None else None
    name = task.environment if task else wish.environment or ""
    seed = wish.seed if wish.seed is not None else task.seed if task else 0
    faults = _profile(wish.faults) if isinstance(wish.faults, str) else wish.faults
    return _summary(request, episodes, await episodes.open(name, seed, wish.task, faults))


@control.get("/episodes")
async def list_episodes(
    request: Request, episodes: All, after: str = "", limit: Annotated[int, Field(ge=1, le=1000)] = 100
) -> list[EpisodeSummary]:
    """List episodes by id; go on with `after` set to the last id seen."""
    rows = await episodes.rows(after, limit)
    return [_summary(request, episodes, await episodes.get(row.id)) for row in rows]


@control.get("/episodes/{episode}", responses=_MISSING)
async def show_episode(episode: Named, request: Request, episodes: All) -> EpisodeSummary:
    """Show an episode."""
    return _summary(request, episodes, episode)


@control.get("/episodes/{episode}/state", responses=_MISSING)
async def show_state(episode: Named) -> dict[str, JsonValue]:
    """Give the whole state as it is now: collections by key, and singletons."""
    return episode.snapshot.state.document()


@control.get("/episodes/{episode}/diff", responses=_MISSING)
async def show_diff(episode: Named) -> list[Op]:
    """Give what changed since the initial state, with changed fields only."""
    return list(episode.changes)


@control.get("/episodes/{episode}/log", responses=_MISSING)
async def show_log(episode: Named, episodes: All) -> list[Event]:
    """Give every call with its result and ops."""
    return list(await episodes.log(episode.row.id))


@control.post("/episodes/{episode}/fork", status_code=201, responses=_MISSING)
async def fork_episode(
    episode: Named, request: Request, episodes: All, wish: ForkRequest | None = None
) -> EpisodeSummary:
    """Open an episode that shares this one's first calls."""
    return _summary(request, episodes, await episodes.fork(episode.row.id, wish.step if wish else None))


@control.post("/episodes/{episode}/verdict", responses={**_MISSING, 409: {"description": "It is for no task."}})
async def judge_episode(episode: Named, episodes: All, wish: VerdictRequest | None = None) -> Verdict:
    """Judge what was done in an episode that was opened for a task."""
    if episode.row.task is None:
        raise HTTPException(409, "this episode was opened for an environment, not for a task")
    task = await episodes.task_of(episode)
    trajectory = await record(episodes, episode, task, wish.answer if wish else None)
    return judge(task, trajectory, episode.runtime)


@control.delete("/episodes/{episode}", status_code=204, responses=_MISSING)
async def close_episode(episode: Named, episodes: All) -> None:
    """Close an episode: its log stays, calls are refused."""
    await episodes.close(episode.row.id)


async def record(episodes: Episodes, episode: Episode, task: Task, answer: str | None) -> Trajectory:
    """Give what the host knows of a run by an agent that it did not hear."""
    row, snapshot = episode.row, episode.snapshot  # one moment, whatever is called meanwhile
    start = episode.runtime.start.state
    log = (await episodes.log(row.id))[: snapshot.step]
    unmade = next(iter(episode.unmade.values()), None)  # the agent asked, and the host had no answer
    return Trajectory(
        id=f"{task.id}#{row.seed}",
        task=task.id,
        environment=row.environment,
        environment_version=row.version,
        seed=row.seed,
        agent="outside",
        user="outside",
        answer=answer,
        log=log,
        initial_digest=start.digest,
        final_digest=snapshot.state.digest,
        changes=snapshot.state.diff(start),
        stop="failed" if unmade else "done",
        fault=Fault(party="host", message=unmade) if unmade else None,
    )


def _environment(request: Request, episodes: Episodes, name: str, shape: type[S]) -> S:
    environment = episodes.environments.show(name)
    return shape.model_validate(
        {
            **{field: getattr(environment, field) for field in shape.model_fields.keys() - {"mcp_url", "tasks"}},
            "mcp_url": f"{_base_url(request)}/environments/{name}/mcp",
            "tasks": episodes.tasks_in[name],
        }
    )


def _summary(request: Request, episodes: Episodes, episode: Episode) -> EpisodeSummary:
    row = episode.row
    task = episodes.tasks.get(row.task) if row.task else None
    return EpisodeSummary(
        id=row.id,
        environment=row.environment,
        environment_version=row.version,
        seed=row.seed,
        task=_task_name(episode, task),
        parent=row.parent,
        fork_step=row.fork_step,
        steps=episode.snapshot.step,
        digest=episode.snapshot.state.digest,
        initial_digest=episode.runtime.start.state.digest,
        closed=episode.closed,
        faults=episode.runtime.environment.faults,
        mcp_url=f"{_base_url(request)}/episodes/{row.id}/mcp",
        user_mcp_url=f"{_base_url(request)}/episodes/{row.id}/user/mcp"
        if episode.runtime.environment.has_user_tools
        else None,
        request=task.request if task else None,
    )


def _task_name(episode: Episode, task: Task | None) -> str | None:
    """Give the id of an episode's task, as verdicts name it: with the fault profile that the episode is under."""
    faults = episode.runtime.environment.faults
    if task is None or faults is None or task.faults == faults:
        return episode.row.task
    return f"{episode.row.task}~{faults.name}"


def _profile(name: str) -> FaultProfile:
    """Give a profile that comes with toolworld; a file's name means nothing to a server."""
    if name not in FAULT_PROFILES:
        raise NotFoundError(f"there is no fault profile {name!r}; there are: {', '.join(FAULT_PROFILES)}")
    return FAULT_PROFILES[name]


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")
