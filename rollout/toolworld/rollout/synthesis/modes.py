"""Modes: the kinds of chains, and whether a chain is of its kind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from toolworld.datasets import has_references, referred_calls
from toolworld.rollout.synthesis.chain import Chain
from toolworld.rollout.synthesis.intents import Intent, IntentKind

ChainMode = Literal["sequential", "multi_tool", "clarification_first", "parallel", "short"]
"""Kinds of chains: each call needs what the one before found; several tools of several kinds of records; the user
leaves out what the first call needs; changes that do not need each other; one or two calls."""
Mode = Literal["sequential", "multi_tool", "clarification_first", "parallel", "short", "mixed"]
CHAIN_MODES: tuple[ChainMode, ...] = get_args(ChainMode)
MODES: tuple[Mode, ...] = (*CHAIN_MODES, "mixed")
KINDS: tuple[tuple[IntentKind, int], ...] = (
    ("change", 52),
    ("question", 16),
    ("condition", 12),
    ("correction", 8),
    ("refusal", 6),
    ("fallback", 6),
    ("not_theirs", 5),
)
"""How usual each kind of intent is."""
_SHORTEST = 3
_LEAST_TOOLS = 4
"""From how many calls a chain is one, and from how many tools it is one of several."""
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Sampled:
    """A chain that was made, with what the user wants by it."""

    chain: Chain
    intents: tuple[Intent, ...]
    mode: ChainMode
    person: tuple[str, str] | None
    is_own: bool
    """Whether the user is that person, and not somebody of the staff."""
    identification: int
    """How many calls identify them, before anything else."""

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools, each once, in the order of their first calls."""
        return tuple(dict.fromkeys(step.call.name for step in self.chain.steps))


def not_of_mode(sampled: Sampled) -> str | None:
    """Why a chain is not of its mode, or None."""
    steps, goals = sampled.chain.steps, [one for one in sampled.intents if one.kind != "question"]
    if not sampled.intents:
        return "no tool could be used"
    if not any(step.event.ops for step in steps):
        return "it changes nothing"
    match sampled.mode:
        case "short":
            long = len(steps) - sampled.identification
            return None if long <= _SHORT else f"it has {long} calls"
        case "sequential":
            return None if longest_path(steps_references(sampled)) >= _SHORTEST else "its calls do not need each other"
        case "multi_tool":
            is_enough = len(sampled.tools) >= _LEAST_TOOLS and len({*_collections(sampled.intents)}) > 1
            return None if is_enough else f"it has {len(sampled.tools)} tools"
        case "parallel":
            return None if len(goals) > 1 and not _needs_another(sampled) else "its changes need each other"
        case "clarification_first":
            said = [value for one in sampled.intents for value in one.said.values()]
            return None if said and len(steps) > 1 else "the user has nothing to leave out"


def steps_references(sampled: Sampled) -> list[set[int]]:
    """The earlier calls that each call needs."""
    return [referred_calls(step.call.arguments) for step in sampled.chain.steps]


def longest_path(needs: Sequence[set[int]]) -> int:
    """How many calls the longest row of calls has of which each needs the one before."""
    lengths: list[int] = []
    for earlier in needs:
        lengths.append(1 + max((lengths[one] for one in earlier), default=0))
    return max(lengths, default=0)


def _needs_another(sampled: Sampled) -> bool:
    """Whether a change needs what another change gave."""
    changes = {number for number, step in enumerate(sampled.chain.steps) if step.event.ops}
    return any(needs & changes for needs in steps_references(sampled))


def _collections(intents: Sequence[Intent]) -> list[str]:
    return [subject.collection for one in intents for subject in one.subjects.values()]


def patterns_of(sampled: Sampled) -> tuple[str, ...]:
    """What a chain has that others have not: what its intents are, and more than one of them."""
    kinds = Counter(one.kind for one in sampled.intents)
    found: list[str] = [kind for kind, _ in KINDS if kinds[kind] and kind != "change"]
    if len(sampled.intents) > 1:
        found.append("several_intents")
    if any(one.look_alikes for intent in sampled.intents for one in intent.subjects.values()):
        found.append("look_alikes")
    if any(has_references(step.call.arguments) for step in sampled.chain.steps):
        found.append("earlier_results")
    return tuple(found)
