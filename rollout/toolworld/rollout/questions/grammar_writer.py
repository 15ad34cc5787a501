"""A writer without a model: each draft is another chain of the path's facts."""

from toolworld.rollout.questions.chains import Chain, chains_of
from toolworld.rollout.questions.question import Draft, PathTold
from toolworld.rollout.questions.wording import draft_of


class GrammarWriter:
    """Writes what chains of facts ask for.

    Args:
        min_hops: How many facts a chain has at least.
        seed: Decides between chains that are equally good.
    """

    name = "grammar"

    def __init__(self, min_hops: int, seed: int = 0) -> None:
        self._min_hops = min_hops
        self._seed = seed
        self._chains: dict[str, list[Chain]] = {}
        """Of each path, by its last node."""

    async def write(self, told: PathTold) -> Draft | str:
        """The best chain that was not tried."""
        leaf = told.path[-1].id
        if leaf not in self._chains:
            # One end is reached by many chains: the best of each is enough.
            ends: dict[object, Chain] = {}
            for chain in chains_of(told.path, told.seed, self._min_hops, self._seed):
                ends.setdefault(chain[-1][1:4], chain)
            self._chains[leaf] = [*ends.values()]
        chains = self._chains[leaf]
        if told.tried >= len(chains):
            return f"{len(chains)} chains of {self._min_hops} facts were found in the results, and all were tried"
        return draft_of(chains[told.tried], told.path, self._seed)
