"""The conversation of an episode with its user: what the agent says, what the user answers, and both as messages."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from toolworld.datasets import Exchange, Task
from toolworld.environments import Environment, Event
from toolworld.ground import ClosedError, ConflictError, ModelError, RolloutError, UsageError
from toolworld.llm import Message, ToolCall
from toolworld.server.episodes.call_result import UNSIMULATED, CallResult, call_tool
from toolworld.server.episodes.episode import Episode

if TYPE_CHECKING:
    from toolworld.rollout import UserProxy

MAX_EXCHANGES = 500
"""How often the user can be spoken to in an episode."""
MAX_SAID = 20_000
"""Characters that are said to the user at once."""
MAX_ACTIONS = 20
"""How many calls of its own a user makes before it answers."""

MakeUser = Callable[[Task], "UserProxy"]
"""Makes the user of a task."""


async def speak(episode: Episode, task: Task, said: str, make_user: MakeUser, number: int | None = None) -> Exchange:
    """Say something to the task's user, and keep what was said and what came back with the episode.

    Args:
        episode: The episode, opened for the task.
        task: What the user wants and knows.
        said: What the agent says.
        make_user: Makes the user; what it answers depends on the conversation and on the calls of its own.
        number: Which exchange it is expected to be, from 0; one that was made already is answered again.

    Raises:
        ConflictError: something else was said in that exchange, or it is not reached yet.
        ClosedError: the episode is closed, or the user is done.
        UsageError: nothing was said, or the user was spoken to too often.
        ModelError: the user is a model, and does not answer.
    """
    if not said.strip():
        raise UsageError("`said` is empty: say something to the user")
    if len(said) > MAX_SAID:
        raise UsageError(f"`said` has {len(said):,} characters, and {MAX_SAID:,} are the most at once")
    async with episode.speaking:
        exchanges = await episode.exchanges()
        if number is not None and number != len(exchanges):
            return _made(exchanges, said, number)
        if episode.closed:
            raise ClosedError("this episode is closed")
        if exchanges and exchanges[-1].done:
            raise ClosedError("the user is done, and has said goodbye")
        if len(exchanges) >= MAX_EXCHANGES:
            raise UsageError(f"the user was spoken to {MAX_EXCHANGES} times, which is the most")
        try:
            exchange = await _answered(episode, task, said, exchanges, make_user)
        except UNSIMULATED as problem:
            await episode.note_unheard(len(exchanges), f"the user: {problem}")
            raise
        await episode.add_exchanges(len(exchanges), [exchange])
        await episode.note_heard(len(exchanges))
        return exchange


def _made(exchanges: Sequence[Exchange], said: str, number: int) -> Exchange:
    """An earlier exchange, provided that the same was said in it."""
    if number > len(exchanges):
        raise ConflictError(f"exchange {number} is not reached yet: the next one is {len(exchanges)}")
    if exchanges[number].said != said:
        raise ConflictError(f"in exchange {number} something else was said")
    return exchanges[number]


async def _answered(
    episode: Episode, task: Task, said: str, exchanges: Sequence[Exchange], make_user: MakeUser
) -> Exchange:
    """Let the user do what it does first, and answer."""
    from toolworld.server.episodes.shown_tool import shown_tool  # here, since it loads MCP's types

    environment, log = episode.runtime.environment, await episode.log()
    step = len(log)
    messages = [*as_messages(task.request, exchanges, log, environment), Message(role="assistant", content=said)]
    user = make_user(task)
    await user.begin([shown_tool(tool) for tool in environment.tools_of("user")])
    for event in log:
        tool = environment.tool(event.call.name)
        if tool is not None and tool.party == "user":
            await user.remember(event.call)
    for _ in range(MAX_ACTIONS):
        try:
            reply = await user.reply(messages)
        except RolloutError as problem:  # its answers could not be used
            raise ModelError(str(problem)) from problem
        if not reply.tool_calls:
            return Exchange(said=said, reply=reply.text, agrees=reply.agrees, done=reply.done, step=step)
        for call in reply.tool_calls:
            result = await call_tool(episode, "user", call.name, call.arguments)
            await user.see(call, result.text if result.ok else f"Error: {result.text}")
    raise UsageError(f"the user made {MAX_ACTIONS} calls of its own, and said nothing")


def as_messages(
    request: str, exchanges: Sequence[Exchange], log: Sequence[Event], environment: Environment
) -> Iterator[Message]:
    """The conversation with the agent's calls in their places, as a player would have it."""
    if request:  # unknown where the task is not at hand
        yield Message(role="user", content=request)
    own = [event for event in log if (tool := environment.tool(event.call.name)) is None or tool.party == "agent"]
    made = 0
    for exchange in exchanges:
        while made < len(own) and own[made].step < exchange.step:
            yield from _call(own[made])
            made += 1
        yield Message(role="assistant", content=exchange.said)
        if exchange.reply is not None:
            yield Message(role="user", content=exchange.reply, agrees=exchange.agrees)
    for event in own[made:]:
        yield from _call(event)


def _call(event: Event) -> Iterator[Message]:
    name = f"call_{event.step}"
    result = CallResult.of(event)
    call = ToolCall(id=name, name=event.call.name, arguments=event.call.arguments)
    yield Message(role="assistant", tool_calls=(call,))
    text = result.text if result.ok else f"Error: {result.text}"
    yield Message(role="tool", content=text, tool_call_id=name, step=event.step)
