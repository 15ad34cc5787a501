"""The play of one episode: turns of agent and user, calls over MCP, and an ending, whatever happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import httpx
from mcp import MCPError
from mcp_types import INVALID_PARAMS

from toolworld.datasets import Fault, ModelUse, Party, Stop, Task, Trajectory, simulator_fault
from toolworld.environments import Event
from toolworld.ground import BudgetError, ModelError, ToolworldError
from toolworld.llm import Budget, Message, ToolCall, Usage
from toolworld.rollout.agent import Agent
from toolworld.rollout.host import Session
from toolworld.rollout.tools import call_tool, list_tools
from toolworld.rollout.user import Reply, UserProxy


@dataclass(frozen=True, slots=True)
class Limits:
    """When a play that does not end by itself is ended."""

    turns: int = 60
    """Assistant messages."""
    calls: int = 200
    tokens: int = 1_000_000
    """Of the agent's model, in and out."""
    seconds: float = 300
    """For one answer of a player, and for one call."""
    budget: Budget | None = None
    """What models may cost; when it is spent, the play stops and can be gone on with later."""

    @property
    def are_spent(self) -> bool:
        """Whether there is nothing left to spend on models."""
        return self.budget is not None and self.budget.exhausted


class _Broken(Exception):  # noqa: N818 - carries a fault to where the trajectory is made
    def __init__(self, party: Party, problem: BaseException) -> None:
        said = str(problem) or type(problem).__name__
        super().__init__(said)
        self.fault = Fault(
            party=party, message=said if isinstance(problem, ToolworldError) else f"{_kind(problem)}{said}"
        )


@dataclass(slots=True)
class _Play:
    agent: Agent
    user: UserProxy
    session: Session
    limits: Limits
    messages: list[Message] = field(default_factory=list[Message])
    calls: int = 0

    async def run(self) -> Stop:
        """Play until the user is done or a limit is reached."""
        with _boundary("host", self.limits):
            tools = await self.session.tools()
            policy = self.session.client.instructions or ""
        with _boundary("agent", self.limits, self.agent):
            await self.agent.begin(policy, tools)
        with _boundary("host", self.limits):
            own = await list_tools(self.session.user) if self.session.user else ()
        with _boundary("user", self.limits, self.user):
            await self.user.begin(own)
            self.messages.append(Message(role="user", content=await self.user.open()))
        for _ in range(self.limits.turns):
            with _boundary("agent", self.limits, self.agent):
                said = await self.agent.act(self.messages)
            self.messages.append(said)
            for wish in said.tool_calls:
                self.calls += 1
                if await self._call(wish):
                    return "failed"  # nobody could simulate it: what follows would cost, and count for nothing
            if self.calls >= self.limits.calls:
                return "call_limit"
            if self.agent.use is not None and self.agent.use.usage.tokens >= self.limits.tokens:
                return "token_limit"
            if not said.tool_calls and await self._user_is_done():
                return "done"
        return "turn_limit"

    async def _call(self, wish: ToolCall) -> bool:
        """Make a call, and tell whether it voids the run."""
        with _boundary("host", self.limits):
            try:
                text, is_void = await call_tool(self.session.client, wish.name, wish.arguments)
            except MCPError as problem:
                if problem.error.code != INVALID_PARAMS:  # anything but a tool that is not there is the host's trouble
                    raise
                text, is_void = str(problem), False
        self.messages.append(Message(role="tool", content=text, tool_call_id=wish.id))
        return is_void

    async def _user_is_done(self) -> bool:
        reply = await self._reply()
        while reply.tool_calls and self.calls < self.limits.calls:
            for wish in reply.tool_calls:
                self.calls += 1
                await self._do(wish)
            reply = await self._reply()
        self.messages.append(Message(role="user", content=reply.text))
        return reply.done

    async def _reply(self) -> Reply:
        with _boundary("user", self.limits, self.user):
            return await self.user.reply(self.messages)

    async def _do(self, wish: ToolCall) -> None:
        """Do something in the user's place: the agent hears of it only what the user says."""
        with _boundary("host", self.limits):
            text = "there is nothing to do it with"
            if self.session.user is not None:
                text, _ = await call_tool(self.session.user, wish.name, wish.arguments)
        with _boundary("user", self.limits, self.user):
            await self.user.see(wish, text)


async def play(
    task: Task, agent: Agent, user: UserProxy, session: Session, seed: int = 0, limits: Limits | None = None
) -> Trajectory:
    """Play one episode of a task to its end.

    Nothing is raised for what goes wrong inside: it becomes a fault on the trajectory, with the
    party that failed. Only cancellation passes.
    """
    running = _Play(agent, user, session, limits or Limits())
    fault: Fault | None = None
    try:
        stop = await running.run()
    except _Broken as broken:
        at_host = broken.fault.party == "host" and running.limits.are_spent  # where a simulator's model was refused
        spent = at_host or isinstance(broken.__cause__, BudgetError)
        stop, fault = ("budget", None) if spent else ("failed", broken.fault)
    return await _record(task, running, seed, stop, fault)


def unplayed(task: Task, agent: str, user: str, seed: int, fault: Fault | None, stop: Stop = "failed") -> Trajectory:
    """Give the trajectory of a run of which the host has no record."""
    return Trajectory(
        id=run_id(task, seed),
        task=task.id,
        environment=task.environment,
        environment_version=task.environment_version,
        seed=seed,
        agent=agent,
        user=user,
        initial_digest="",
        final_digest="",
        stop=stop,
        fault=fault,
    )


def run_id(task: Task, seed: int) -> str:
    """Name a run: the same on any machine."""
    return f"{task.id}#{seed}"


async def _record(task: Task, running: _Play, seed: int, stop: Stop, fault: Fault | None) -> Trajectory:
    blank = unplayed(task, running.agent.name, running.user.name, seed, fault, stop)
    told = blank.model_copy(update={"messages": tuple(running.messages)})
    try:
        with _boundary("host", running.limits):
            ending = await running.session.ending()
    except _Broken as broken:
        return told.model_copy(update={"fault": fault or broken.fault, "stop": "failed"})
    players = [player.use for player in (running.agent, running.user) if player.use is not None]
    models = (*players, *_simulators(ending.log))
    return told.model_copy(
        update={
            "fault": fault or simulator_fault(ending.log),
            "log": ending.log,
            "changes": ending.changes,
            "initial_digest": ending.initial_digest,
            "final_digest": ending.final_digest,
            "models": models,
            "usage": sum((model.usage for model in models), Usage()),
        }
    )


def _simulators(log: Sequence[Event]) -> list[ModelUse]:
    """Add up what the models cost that answered the calls."""
    costs: dict[str, Usage] = {}
    for event in log:
        if event.model is not None:
            costs[event.model] = costs.get(event.model, Usage()) + (event.usage or Usage())
    return [ModelUse(role="simulator", model=model, usage=usage) for model, usage in costs.items()]


class _boundary:  # noqa: N801 - reads as a verb where it is used
    """Blame a party for what is raised inside, and for taking too long; for a slow model its host."""

    def __init__(self, party: Party, limits: Limits, player: Agent | UserProxy | None = None) -> None:
        self._party: Party = party
        self._late: Party = "host" if player is not None and player.use is not None else party
        self._limit = anyio.fail_after(limits.seconds)

    def __enter__(self) -> None:
        self._limit.__enter__()

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        try:
            self._limit.__exit__(kind, problem, None)
        except TimeoutError as late:
            raise _Broken(self._late, late) from late
        if isinstance(problem, Exception) and not isinstance(problem, _Broken):
            unreachable = isinstance(problem, ModelError)  # no player's doing
            raise _Broken("host" if unreachable else self._party, problem) from problem


def _kind(problem: BaseException) -> str:
    return "" if isinstance(problem, MCPError | httpx.HTTPError) else f"{type(problem).__name__}: "
