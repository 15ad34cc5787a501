"""A measured figure, and how CPU time is measured."""

import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    """Whether the budget is a minimum."""
    peers: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the value keeps the budget, if there is one."""
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{self.value:.3g} {self.unit}"

    @property
    def budget_shown(self) -> str:
        """The budget with its unit."""
        return "" if self.budget is None else f"{self.budget:g} {self.unit}"


async def cpu_ms(work: Callable[[], Awaitable[object]], times: int, rounds: int = 5) -> float:
    """The CPU milliseconds of one piece of work: the best round's mean."""
    await work()
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        for _ in range(times):
            await work()
        best = min(best, time.process_time() - start)
    return best / times * 1000
