"""A budget that many processes keep together, through a store."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

import anyio

from toolworld.ground import BudgetError
from toolworld.llm.spending.budget import Budget
from toolworld.llm.usage import Usage

RESERVED_SECONDS = 900
"""How long a reservation may shrink. One that is not booked by then is of a process that died, and stays as it is: its
request may have been billed."""
_PAUSE_SECONDS = 0.1
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
        name = secrets.token_hex(8)
        await self._reserve(name, self._amount(worst))
        used: list[Usage] = []
        try:
            yield used
        finally:
            with anyio.CancelScope(shield=True):
                await self._store.book_spending(name, sum(map(self._amount, used)))

    async def _reserve(self, name: str, amount: float) -> None:
        while True:
            now = self._clock()
            found = await self._store.reserve_spending(
                self.unit, name, amount, self.limit, now=now, until=now + RESERVED_SECONDS
            )
            self.spent = found.spent
            if found.is_reserved:
                return
            if found.spent + amount > self.limit or not found.open:
                self.exhausted = True
                raise BudgetError(
                    f"the budget of {self} is spent: {found.spent + found.reserved:g} used by all on this store, and "
                    f"the next request may need {amount:g}"
                )
            await anyio.sleep(_PAUSE_SECONDS)  # most requests use far less than their worst case
