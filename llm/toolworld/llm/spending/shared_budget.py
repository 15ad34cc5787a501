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
        name = secrets.token_hex(8)
        used: list[Usage] = []
        try:
            await self._reserve(name, self._amount(worst))
            yield used
        finally:
            # Also where the reservation failed: it may have been made. If it cannot be booked, it stays in full, so
            # that nothing is overspent; what was paid for and answered is not lost for it.
            with anyio.CancelScope(shield=True), suppress(StoreError):
                await self._store.book_spending(name, sum(map(self._amount, used)))

    async def _reserve(self, name: str, amount: float) -> None:
        pause = _FIRST_PAUSE
        while True:
            found = await self._ask(name, amount)
            left = self.limit - found.spent
            if found.is_reserved:
                return
            if self.exhausted or amount > left or (not found.open and found.reserved + amount > left):
                self.exhausted = True
                raise BudgetError(
                    f"the budget of {self} is spent: {found.spent + found.reserved:g} used by all on this store, and "
                    f"the next request may need {amount:g}"
                )
            await anyio.sleep(pause)  # most requests use far less than their worst case
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _ask(self, name: str, amount: float) -> Spending:
        """Ask for a reservation; none where the budget was exhausted before, as smaller requests are refused too."""
        now = self._clock()
        limit = 0.0 if self.exhausted else self.limit
        with anyio.CancelScope(shield=True):  # else nobody would know whether it was made
            found = await self._store.reserve_spending(
                self.unit, name, amount, limit, now=now, until=now + RESERVED_SECONDS
            )
            self.spent = found.spent
            return found
        raise AssertionError  # for the type checker: the block above always returns or raises
