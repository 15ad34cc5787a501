"""The play of one episode: turns of agent and user, calls, and a trajectory at the end, whatever happens."""

from dataclasses import dataclass, field

from toolworld.datasets import Blame, StopReason, Trajectory
from toolworld.ground import BudgetError
from toolworld.llm import Message, ToolCall
from toolworld.rollout.hosts.host import Session
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.boundary import BrokenRun, boundary
from toolworld.rollout.play.limits import Limits
from toolworld.rollout.players.agent import Agent, PromptedAgent
from toolworld.rollout.players.user import Reply, UserProxy


@dataclass(slots=True)
class _Play:
    agent: Agent
    user: UserProxy
    session: Session
    limits: Limits
    messages: list[Message] = field(default_factory=list[Message])
    calls: int = 0

    async def run(self) -> StopReason:
        """Play until the user is done or a limit is reached."""
        await self._introduce()
        for _ in range(self.limits.turns):
            with boundary("agent", self.limits, self.agent):
                message = await self.agent.act(self.messages)
            self.messages.append(message)
            for tool_call in message.tool_calls:
                self.calls += 1
                if await self._call(tool_call):
                    return "failed"  # the run is void, so what follows would cost and count for nothing
            if self.calls >= self.limits.calls:
                return "call_limit"
            if self.agent.model_use is not None and self.agent.model_use.usage.tokens >= self.limits.tokens:
                return "token_limit"
            if not message.tool_calls and await self._user_is_done():
                return "done"
        return "turn_limit"

    async def _introduce(self) -> None:
        """Tell both players what they can do, and let the user say its opening words."""
        with boundary("host", self.limits):
            tools = await self.session.agent.listed()
            policy = self.session.policy
            users_tools = await self.session.user.listed() if self.session.user else ()
        with boundary("agent", self.limits, self.agent):
            await self.agent.begin(policy, tools)
        with boundary("user", self.limits, self.user):
            await self.user.begin(users_tools)
            self.messages.append(Message(role="user", content=await self.user.open()))

    async def _call(self, tool_call: ToolCall) -> bool:
        """Make a call for the agent, and return whether it voids the run."""
        with boundary("host", self.limits):
            result = await self.session.agent.call(tool_call.name, tool_call.arguments)
        self.messages.append(Message(role="tool", content=result.text, tool_call_id=tool_call.id, step=result.step))
        return result.is_void

    async def _user_is_done(self) -> bool:
        """Let the user reply, after whatever it does first, and return whether it is done."""
        reply = await self._reply()
        while reply.tool_calls and self.calls < self.limits.calls:
            for tool_call in reply.tool_calls:
                self.calls += 1
                await self._act_for_user(tool_call)
            reply = await self._reply()
        self.messages.append(Message(role="user", content=reply.text, agrees=reply.agrees))
        return reply.done

    async def _reply(self) -> Reply:
        with boundary("user", self.limits, self.user):
            return await self.user.reply(self.messages)

    async def _act_for_user(self, tool_call: ToolCall) -> None:
        """Make a call for the user: the agent learns of it only what the user says."""
        with boundary("host", self.limits):
            text = "there is nothing to do it with"
            if self.session.user is not None:
                text = (await self.session.user.call(tool_call.name, tool_call.arguments)).text
        with boundary("user", self.limits, self.user):
            await self.user.see(tool_call, text)


async def play(
    run: PlannedRun, agent: Agent, user: UserProxy, session: Session, limits: Limits | None = None
) -> Trajectory:
    """Play one episode of a task to its end.

    Nothing is raised for what goes wrong inside: it becomes blame on the trajectory, for the party that
    broke the run. Only cancellation passes through.
    """
    running = _Play(agent, user, session, limits or Limits())
    blame: Blame | None = None
    try:
        stop = await running.run()
    except BrokenRun as broken:
        # A simulator's model that the budget refused reaches us as a failure of the host.
        refused = broken.blame.party == "host" and running.limits.budget_is_spent
        spent = refused or isinstance(broken.__cause__, BudgetError)
        stop, blame = ("budget", None) if spent else ("failed", broken.blame)
    return await _trajectory(run, running, stop, blame)


def unplayed(run: PlannedRun, agent: str, user: str, blame: Blame | None, stop: StopReason = "failed") -> Trajectory:
    """The trajectory of a run of which no host has a record."""
    return Trajectory(
        id=run.name,
        task=run.task.id,
        environment=run.task.environment,
        environment_version=run.task.environment_version,
        seed=run.seed,
        trial=run.trial,
        agent=agent,
        user=user,
        initial_digest="",
        final_digest="",
        stop=stop,
        blame=blame,
    )


async def _trajectory(run: PlannedRun, running: _Play, stop: StopReason, blame: Blame | None) -> Trajectory:
    agent, user = running.agent, running.user
    try:
        with boundary("host", running.limits):
            record = await running.session.record(running.messages)
    except BrokenRun as broken:
        blank = unplayed(run, agent.name, user.name, blame or broken.blame)
        return blank.model_copy(update={"messages": tuple(running.messages)})
    played = Trajectory.of_episode(
        record,
        task=run.task.id,
        agent=agent.name,
        user=user.name,
        trial=run.trial,
        messages=running.messages,
        stop=stop,
        blame=blame,
        players=[player.model_use for player in (agent, user) if player.model_use is not None],
    )
    if isinstance(agent, PromptedAgent) and agent.system_prompt:
        played = played.model_copy(update={"system": agent.system_prompt})
    # A budget that ran out also left a call unanswered; that is no failure, and the run is played again later.
    return played.model_copy(update={"blame": None, "stop": "budget"}) if stop == "budget" else played
