"""A writer without a model: each draft is another chain of the path's facts."""

from toolworld.rollout.questions.chains import chains_of
from toolworld.rollout.questions.question import Draft, PathTold
from toolworld.rollout.questions.wording import draft_of


class GrammarWriter:
    """Writes what chains of facts ask for.

    Args:
        min_hops: How many facts a chain has at least.
        tries: How many drafts of one question are asked for at most.
        seed: Decides between chains that are equally long.
    """

    name = "grammar"

    def __init__(self, min_hops: int, tries: int, seed: int = 0) -> None:
        self._min_hops = min_hops
        self._tries = tries
        self._seed = seed

    async def write(self, told: PathTold) -> Draft | str:
        """The next chain that was not tried."""
        chains = chains_of(told.path, told.seed, self._min_hops, self._seed)
        # The same end is reached by many chains: one of each is enough.
        different = list({chain[-1][1:4]: chain for chain in reversed(chains)}.values())[::-1]
        place = told.number * self._tries + told.attempt
        if place >= len(different):
            return f"the results have {len(different)} chains of {self._min_hops} facts and more"
        return draft_of(different[place], told.path, self._seed)
