"""A budget that many processes keep together, through a store."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, Protocol

import anyio

from toolworld.ground import BudgetError, StoreError
from toolworld.llm.spending.budget import Budget
from toolworld.llm.usage import Usage

RESERVED_SECONDS = 900
"""How long a reservation may shrink. One that is not booked by then is of a process that died, and stays as it is: its
request may have been billed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
Clock = Callable[[], int]


class Spending(NamedTuple):
    """What a store knows of a budget after a reservation was asked for."""

    is_reserved: bool
    spent: float
    """What was booked."""
    reserved: float
    """What is reserved and not booked."""
    open: int
    """How many reservations may still shrink."""


class SpendingStore(Protocol):
    """Keeps what was spent, for many processes."""

    async def reserve_spending(
        self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
    ) -> Spending:
        """Reserve an amount, if it fits under the limit beside all that is spent and reserved.

        Args:
            budget: What is counted.
            name: The reservation's name.
            amount: How much.
            limit: How much may be spent at most.
            now: The time, in seconds since 1970.
            until: Until when the reservation counts as open.
        """
        ...

    async def book_spending(self, name: str, amount: float) -> None:
        """End a reservation, and book what was used."""
        ...


class SharedBudget(Budget):
    """A limit on what all processes on a store spend together, from the store's beginning.

    Args:
        budget: The limit.
        store: Keeps what was spent.
        clock: Seconds since 1970.
    """

    def __init__(self, budget: Budget, store: SpendingStore, clock: Clock) -> None:
        super().__init__(budget.limit, budget.unit)
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def reserve(self, worst: Usage) -> AsyncGenerator[list[Usage]]:
        """Reserve the worst-case usage during the block, and book the actual usage at its end, as `Budget` does.

        Raises:
            BudgetError: too little is left.
            StoreError: the store fails.
        """
        if self.exhausted:  # as `Budget` does, the first refusal of this process ends its spending
            raise self._refusal(worst)
        name = secrets.token_hex(8)
        used: list[Usage] = []
        try:
            await self._reserve(name, worst)
            yield used
        finally:
            # Also where the reservation failed: it may have been made. If it cannot be booked, it stays in full, so
            # that nothing is overspent; what was paid for and answered is not lost for it.
            with anyio.CancelScope(shield=True), suppress(StoreError):
                await self._store.book_spending(name, sum(map(self._amount, used)))

    async def _reserve(self, name: str, worst: Usage) -> None:
        pause, amount = _FIRST_PAUSE, self._amount(worst)
        while True:
            now = self._clock()
            found = await self._store.reserve_spending(
                self.unit, name, amount, self.limit, now=now, until=now + RESERVED_SECONDS
            )
            if found.is_reserved:
                self.spent = found.spent
                return
            self.spent = found.spent + (0 if found.open else found.reserved)  # what no longer shrinks counts as spent
            if self.spent + amount > self.limit:
                self.exhausted = True
                raise self._refusal(worst)
            await anyio.sleep(pause)  # most requests use far less than their worst case
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _refusal(self, worst: Usage) -> BudgetError:
        return BudgetError(
            f"the budget of {self} is spent: {self.spent:g} used by all on this store, and the next request may need "
            f"{self._amount(worst):g}"
        )
