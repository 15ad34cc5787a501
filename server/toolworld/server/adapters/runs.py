"""What every adapter does with a run: calls that may be repeated, words for the user, and the verdict at its end."""

from collections.abc import Mapping, Sequence
from typing import cast

from toolworld.datasets import Verdict
from toolworld.ground import ClosedError, ConflictError, EncodingError, JsonObject, JsonValue, decode
from toolworld.judges import IfUnclear
from toolworld.llm import Message
from toolworld.server.episodes.call_result import CallResult, call_tool
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes

MOST_PARALLEL = 64
"""Calls that a client may send for one step."""


def read_arguments(written: JsonValue) -> JsonObject | None:
    """The arguments of a call as a model wrote them: an object, or its JSON as a text; None where they are neither."""
    if isinstance(written, str):
        try:
            written = decode(written) if written.strip() else {}
        except EncodingError:
            return None
    return cast(JsonObject, written) if isinstance(written, dict) else None


async def call_once(episode: Episode, name: str, written: JsonValue, step: int | None) -> CallResult:
    """Make a call of the agent's; a request that is sent again, because its answer was lost, does not make it again.

    A client may send several calls for one step: then each is made at a step of its own. Two of them that are equal
    cannot be told from one that is sent again, and are made once.

    Args:
        episode: The episode.
        name: The tool.
        written: The arguments, as a model wrote them.
        step: The step that the call was expected to be when it was first sent.
    """
    arguments = read_arguments(written)
    if arguments is None:
        return CallResult.invalid_arguments(name, "they are no JSON object")
    for place in range(step, min(step + MOST_PARALLEL, episode.snapshot.step + 1)) if step is not None else ():
        try:
            return await call_tool(episode, "agent", name, arguments, place)
        except ConflictError:  # taken by another call
            continue
    return await call_tool(episode, "agent", name, arguments)


async def judge_once(
    episodes: Episodes,
    episode: Episode,
    answer: str | None = None,
    *,
    messages: Sequence[Message] | None = None,
    if_unclear: IfUnclear = "none",
) -> Verdict:
    """Judge a run at its end. It has one verdict, however often it is asked for; a void one may be mended."""
    kept = await episodes.kept_verdict(episode)
    if kept is not None and kept.outcome != "void":
        return kept
    heard = messages if messages and not await episode.exchanges() else None
    return await episodes.verdict(episode, answer, messages=heard, if_unclear=if_unclear)


async def tell_last(episodes: Episodes, episode: Episode, answer: str) -> None:
    """Tell the user the agent's last words where they have talked before, so that the words are part of it."""
    exchanges = await episode.exchanges()
    if exchanges and not exchanges[-1].done and answer.strip():
        try:
            await episodes.say(episode, answer)
        except ClosedError:  # by another process, meanwhile
            return


def outcomes(verdict: Verdict) -> Mapping[str, str]:
    """The outcome of each check by its name; the evidence, which holds the truth, is not shown to agents."""
    return {check.name: check.outcome for check in verdict.checks}
