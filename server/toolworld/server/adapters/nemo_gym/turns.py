"""A turn of a rollout with a user: what the model answered is a list of calls to make, or words for the user."""

from typing import cast

from toolworld.ground import JsonObject, JsonValue
from toolworld.server.adapters.nemo_gym.rewards import UNHEARD, told
from toolworld.server.adapters.nemo_gym.rows import StepRow
from toolworld.server.adapters.nemo_gym.session import RolloutSession
from toolworld.server.adapters.runs import call_once, judge_once
from toolworld.server.episodes.call_result import UNSIMULATED
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes

NOTHING_SAID = "(There was neither a call nor a word. Say something, or make a call.)"


async def take_turn(episodes: Episodes, episode: Episode, row: StepRow, session: RolloutSession) -> JsonObject:
    """Take a turn; a turn that is sent again, because its answer was lost, is answered as before."""
    try:
        if row.response.calls:
            outputs = await _made(episode, row.response.calls, session.step)
            return _observed(info={"tool_outputs": outputs})
        if not row.response.said.strip():
            return _observed(NOTHING_SAID)
        heard = await episodes.say(episode, row.response.said, session.exchange)
    except UNSIMULATED:  # the episode stays open: the turn may be sent again
        return {**_observed(info={**UNHEARD, "toolworld_episode": episode.id}), "truncated": True}
    return await _ended(episodes, episode, row) if heard.done else _observed(heard.reply)


async def _made(episode: Episode, calls: list[JsonObject], step: int) -> list[JsonValue]:
    """Make calls in order, and collect what the model reads of each."""
    outputs: list[JsonValue] = []
    for call in calls:
        result = await call_once(episode, str(call.get("name")), call.get("arguments"), step)
        step = result.event.step + 1 if result.event else step
        outputs.append({"call_id": call.get("call_id"), "output": result.text})
    return outputs


async def _ended(episodes: Episodes, episode: Episode, row: StepRow) -> JsonObject:
    """The last observation, with the reward; without one the rollout is cut off, and `info` says that it is void."""
    verdict = await judge_once(episodes, episode, if_unclear=row.if_unclear)
    await episode.close()
    ending = {"terminated": verdict.reward is not None, "truncated": verdict.reward is None}
    return {**_observed(info=told(verdict, episode.id)), "reward": verdict.reward or 0.0, **ending}


def _observed(observation: str | None = None, info: JsonObject | None = None) -> JsonObject:
    """An observation after which the rollout goes on."""
    return {
        "observation": observation,
        "reward": 0.0,
        "terminated": False,
        "truncated": False,
        "info": cast(JsonValue, info or {}),
    }
