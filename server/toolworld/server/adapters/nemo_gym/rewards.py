"""Rewards as NeMo Gym reads them: a number for each rollout, and a failure class for one that must not count."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from toolworld.datasets import Verdict
from toolworld.ground import JsonObject
from toolworld.server.adapters.runs import outcomes

MASK = "mask_sample"
"""Marks a rollout that no trainer may learn from."""
MOST_REWARD = 1e9
"""Rewards past it are no rewards."""
FAILURE_CLASS = "_ng_failure_class"
"""Marks a rollout that goes to the file of failures, is not aggregated, and is tried again."""


def failure_of(verdict: Verdict) -> str | None:
    """The class of failure of a rollout without a reward; None where there is a reward."""
    if verdict.reward is not None:
        return None
    party = f"_{verdict.blame.party}" if verdict.blame else ""
    return f"toolworld_{verdict.outcome}{party}"


UNHEARD: JsonObject = {"outcome": "void", "void": True, "failure_class": "toolworld_void_host"}
"""What is told of a rollout that ended because a call or the user could not be simulated."""


def told(verdict: Verdict, episode: str) -> JsonObject:
    """What is told of a verdict beside the reward."""
    failure = failure_of(verdict)
    marks: JsonObject = {"void": True, "failure_class": failure} if failure else {"void": False}
    return {"outcome": verdict.outcome, "checks": dict(outcomes(verdict)), "toolworld_episode": episode, **marks}


def verified(row: JsonObject, verdict: Verdict, episode: str) -> JsonObject:
    """A row with its reward; without one the rollout is marked as failed, and masked. Earlier marks do not stay."""
    failure = failure_of(verdict)
    marks: JsonObject = {FAILURE_CLASS: failure, MASK: True} if failure else {}
    kept = {name: value for name, value in row.items() if name not in (FAILURE_CLASS, MASK)}
    return {**kept, **told(verdict, episode), "reward": verdict.reward or 0.0, **marks}


def aggregate(rollouts: Sequence[Mapping[str, Any]]) -> JsonObject:
    """Mean, spread and number of rewards, for each task and of all; rollouts without a reward are only counted."""
    by_task: dict[int, list[Mapping[str, Any]]] = {}
    for rollout in rollouts:
        by_task.setdefault(_whole(rollout.get("_ng_task_index")), []).append(rollout)
    groups = [{"_ng_task_index": task, **_figures(of)} for task, of in sorted(by_task.items())]
    figures = _figures(rollouts)
    key = {name: figures[name] for name in ("mean/reward",) if name in figures}
    return {"group_level_metrics": [*groups], "agent_metrics": figures, "key_metrics": key}


def _figures(rollouts: Sequence[Mapping[str, Any]]) -> JsonObject:
    rewards = [*_rewards(rollouts)]
    counts: JsonObject = {"rollouts": len(rollouts), "rollouts_without_reward": len(rollouts) - len(rewards)}
    if not rewards:
        return counts
    return {
        "mean/reward": statistics.fmean(rewards),
        "max/reward": max(rewards),
        "min/reward": min(rewards),
        "median/reward": statistics.median(rewards),
        "std/reward": statistics.pstdev(rewards),
        **counts,
    }


def _rewards(rollouts: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    """The rewards of rollouts that have one; those of an agent that talks with a user say so in `info`."""
    for rollout in rollouts:
        reward, info = rollout.get("reward"), _object(rollout.get("info"))
        is_left_out = rollout.get(FAILURE_CLASS) or rollout.get(MASK) or info.get("void")
        if not is_left_out and isinstance(reward, int | float) and -MOST_REWARD <= reward <= MOST_REWARD:
            yield float(reward)


def _object(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _whole(number: object) -> int:
    return number if isinstance(number, int) else 0
