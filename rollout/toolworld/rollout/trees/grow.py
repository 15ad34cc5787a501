"""Growing a tree: level by level, each branch a fork of its episode.

A level is proposed at once and then made, so that what grows does not depend on which answer comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import anyio

from toolworld.environments import ToolSpec
from toolworld.ground import ToolworldError, for_each, reason_of
from toolworld.llm import Usage
from toolworld.rollout.trees.actions import signature
from toolworld.rollout.trees.branch import Answer, Branch, TreeHost
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.explorer import Explorer, Proposals, Situation
from toolworld.rollout.trees.node import Action, Lost, Node, Tree, in_order
from toolworld.rollout.trees.seeds import Seed

_AGAIN = 2
"""How often an explorer is asked again that proposes what was made already."""


class _Chosen(NamedTuple):
    """An action that is to be made."""

    action: Action
    shown: int | None
    """How many characters of results whoever chose it was shown."""


@dataclass
class _Tip:
    """The end of a path, from where branches grow."""

    id: str
    branch: Branch
    path: tuple[Node, ...] = ()

    @property
    def used(self) -> list[Action]:
        """The actions since the last change: in another state, the same action is another one."""
        last = max((step for step, node in enumerate(self.path) if node.changes), default=-1)
        return [node.action for node in self.path[last + 1 :]]


@dataclass
class _Growth:
    """A tree while it grows."""

    host: TreeHost
    explorer: Explorer
    config: SynthesisConfig
    tools: Sequence[ToolSpec]
    seed: Seed
    limiter: anyio.CapacityLimiter
    nodes: list[Node] = field(default_factory=list[Node])
    lost: list[Lost] = field(default_factory=list[Lost])
    usage: Usage = field(default_factory=Usage)
    calls: int = 0

    def width_at(self, depth: int) -> int:
        """How many branches a node of a depth has."""
        return self.config.branching_factor if depth < self.config.depth_threshold else 1

    async def level(self, tips: Sequence[_Tip], depth: int) -> list[_Tip]:
        """Grow all branches of a level; the tips of the next one, in the order of their places."""
        chosen = await self._choose(tips, self.width_at(depth))
        for tip in tips:
            chosen[tip.id] = self._within_calls(tip, chosen[tip.id])
        grown: dict[str, _Tip] = {}

        async def grow_from(tip: _Tip) -> None:
            for one in await self._branches(tip, chosen[tip.id]):
                grown[one.id] = one

        await for_each(tips, grow_from, at_once=max(1, len(tips)))
        self.lost.sort(key=lambda one: (one.at.count("."), one.at))
        return [grown[node.id] for node in in_order([tip.path[-1] for tip in grown.values()])]

    async def _choose(self, tips: Sequence[_Tip], width: int) -> dict[str, list[_Chosen]]:
        """Different actions for each tip; what an explorer proposes that the path or a sibling has is asked again."""
        chosen: dict[str, list[_Chosen]] = {tip.id: [] for tip in tips}
        waiting = [*tips]
        for attempt in range(1 + _AGAIN):
            if self.config.max_tokens is not None and self.usage.tokens >= self.config.max_tokens:
                for tip in waiting:
                    self._note(tip.id, width - len(chosen[tip.id]), "tokens_spent", "")
                break
            proposed = await self._ask(waiting, chosen, width)
            again: list[_Tip] = []
            for tip in waiting:
                repeated = _take(tip, proposed[tip.id], chosen[tip.id], width)
                if repeated and attempt < _AGAIN:
                    again.append(tip)
                else:
                    self._note_lost(tip, proposed[tip.id], width - len(chosen[tip.id]), repeated=repeated)
            waiting = again
            if not waiting:
                break
        return chosen

    async def _ask(self, tips: Sequence[_Tip], chosen: dict[str, list[_Chosen]], width: int) -> dict[str, Proposals]:
        proposed: dict[str, Proposals] = {}
        made = in_order(self.nodes)

        async def ask_at(tip: _Tip) -> None:
            used = [*tip.used, *(one.action for one in chosen[tip.id])]
            elsewhere = [node.action for node in made if not node.is_above(tip.id)]
            missing = width - len(chosen[tip.id])
            proposed[tip.id] = await self.explorer.propose(
                Situation(self.seed, tip.path, self.tools, used, elsewhere, missing, tip.id)
            )

        await for_each(tips, ask_at, at_once=max(1, len(tips)))
        self.usage = sum((one.usage for one in proposed.values()), self.usage)
        return proposed

    def _note_lost(self, tip: _Tip, proposed: Proposals, count: int, *, repeated: bool) -> None:
        if count <= 0:
            return
        last = proposed.rejected[-1] if proposed.rejected else None
        if repeated:
            self._note(tip.id, count, "repeated", "the path or a branch beside it made the same call")
        elif proposed.finished:
            self._note(tip.id, count, "finished", "")
        else:
            self._note(tip.id, count, last.reason if last else "no_action", last.why if last else "")

    def _note(self, at: str, count: int, reason: str, why: str) -> None:
        self.lost.append(Lost(at=at, count=count, reason=reason, why=why[:500]))

    def _within_calls(self, tip: _Tip, chosen: list[_Chosen]) -> list[_Chosen]:
        """The actions that the tree may still make."""
        most = self.config.max_calls
        allowed = len(chosen) if most is None else max(0, min(len(chosen), most - self.calls))
        if allowed < len(chosen):
            self._note(tip.id, len(chosen) - allowed, "calls_spent", "")
        self.calls += allowed
        return chosen[:allowed]

    async def _branches(self, tip: _Tip, chosen: Sequence[_Chosen]) -> list[_Tip]:
        """Make the actions of a tip: the first in its own episode, each other one in a fork of it."""
        places = [f"{tip.id}{'.' if '/' in tip.id else '/'}{number}" for number in range(len(chosen))]
        # All forks before the first call: it goes on in the episode that they are forked from.
        branches = [tip.branch, *[await self._fork(tip, place) for place in places[1:]]]
        tips: dict[str, _Tip] = {}

        async def make(place: str, branch: Branch | None, action: Action, shown: int | None) -> None:
            if branch is None:
                return
            node = await self._call(place, branch, action, shown, len(tip.path))
            if node is None:
                await branch.close()
                return
            self.nodes.append(node)
            tips[place] = _Tip(place, branch, (*tip.path, node))

        jobs = [
            (place, branch, action, shown)
            for place, branch, (action, shown) in zip(places, branches, chosen, strict=False)
        ]
        await for_each(jobs, lambda job: make(*job), at_once=max(1, len(jobs)))
        return [tips[place] for place in places if place in tips]

    async def _fork(self, tip: _Tip, place: str) -> Branch | None:
        """A branch; None where the host cannot make one."""
        try:
            with anyio.fail_after(self.config.sandbox_timeout):
                return await tip.branch.fork(place)
        except TimeoutError:
            why = f"the branch took longer than {self.config.sandbox_timeout:g} seconds to begin"
        except ToolworldError as problem:
            why = reason_of(problem)
        self._note(place, 1, "not_forked", why)
        return None

    async def _call(self, place: str, branch: Branch, action: Action, shown: int | None, step: int) -> Node | None:
        """A call as a node; None where its tool broke or the host failed."""
        answer: Answer | None = None
        try:
            async with self.limiter:
                with anyio.fail_after(self.config.sandbox_timeout):
                    answer = await branch.call(action.tool_name, action.parameters)
            why = answer.text if answer.failure == "simulator" else None
        except TimeoutError:
            why = f"the call took longer than {self.config.sandbox_timeout:g} seconds"
        except ToolworldError as problem:
            why = reason_of(problem)
        if answer is None or why is not None:
            self._note(place, 1, "call_failed", f"{action.tool_name}: {why}")
            return None
        return Node(
            id=place,
            episode=branch.episode,
            step=step,
            action=action,
            observation=answer.text,
            result=answer.result,
            failure=answer.failure,
            changes=answer.changes,
            digest=answer.digest,
            shown=shown,
        )


def _take(tip: _Tip, proposed: Proposals, chosen: list[_Chosen], width: int) -> bool:
    """Keep the actions that neither the path nor a sibling has; whether one of them does."""
    known = {signature(action) for action in (*tip.used, *(one.action for one in chosen))}
    repeated = False
    for action in proposed.actions[: width - len(chosen)]:
        if signature(action) in known:
            repeated = True
            continue
        known.add(signature(action))
        chosen.append(_Chosen(action, proposed.shown))
    return repeated


async def grow_tree(
    host: TreeHost,
    explorer: Explorer,
    config: SynthesisConfig,
    *,
    tools: Sequence[ToolSpec],
    seed: Seed,
    number: int,
    limiter: anyio.CapacityLimiter | None = None,
) -> Tree:
    """Explore from a seed.

    Args:
        host: Opens the episode that the tree grows from.
        explorer: Proposes actions.
        config: How wide and deep.
        tools: The tools that may be used.
        seed: The seed.
        number: Its number, from 1.
        limiter: Of the calls that are made at once, shared by several trees; by default `config.concurrency` of this.

    Raises:
        ModelError: the model that explores does not answer.
        BudgetError: what may be spent is spent.
    """
    growth = _Growth(host, explorer, config, tools, seed, limiter or anyio.CapacityLimiter(config.concurrency))
    async with host.root(f"s{number}", config.seed) as branch:
        tips = [_Tip(f"s{number}", branch)]
        for depth in range(config.max_depth):
            tips = await growth.level(tips, depth)
            if not tips:
                break
    failed = next((one for one in growth.lost if one.reason == "call_failed"), None)
    error = failed.why if failed is not None and not growth.nodes else None
    return Tree(
        seed=number,
        seed_digest=seed.digest,
        content=seed.content,
        nodes=in_order(growth.nodes),
        lost=tuple(growth.lost),
        usage=growth.usage,
        error=error,
    )
