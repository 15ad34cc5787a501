"""The spending limit of a run: a hard limit, because the worst-case cost is reserved before a request is sent."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import anyio

from toolworld.ground import BudgetError, ModelError
from toolworld.llm.usage import Usage

Unit = Literal["usd", "tokens", "completions"]


class Budget:
    """A limit on dollars, tokens or completions, shared by all concurrent requests of a run."""

    def __init__(self, limit: float, unit: Unit) -> None:
        self.limit = limit
        self.unit: Unit = unit
        self.spent = 0.0
        self.exhausted = False
        """Whether a request was refused; from then on, all are."""
        self._reserved = 0.0
        self._open = 0  # reservations; sums of dollars leave a rest, by which nobody could tell whether there are any
        self._settled = anyio.Condition()  # notified whenever a reservation ends or the budget is exhausted

    @asynccontextmanager
    async def reserve(self, worst: Usage) -> AsyncGenerator[list[Usage]]:
        """Reserve the worst-case usage during the block, and book the actual usage at its end.

        If only the reservations of other requests stand in the way, wait until enough of them end.

        Yields:
            A list to which the block adds the actual usage; if the list is empty at the end, nothing is booked.

        Raises:
            BudgetError: too little is left, or an earlier request was refused.
        """
        amount = self._amount(worst)
        async with self._settled:
            # Most requests use far less than their worst case, so none is refused while open reservations may shrink.
            while not self.exhausted and self.spent + self._reserved + amount > self.limit and self._open:
                await self._settled.wait()
            # The first refusal ends all spending: smaller requests that would still fit are refused as well.
            if self.exhausted or self.spent + amount > self.limit:
                self.exhausted = True
                self._settled.notify_all()
                raise BudgetError(
                    f"the budget of {self} is spent: {self.spent:g} used, and the next request may need {amount:g}"
                )
            self._reserved += amount
            self._open += 1
        used: list[Usage] = []
        try:
            yield used
        finally:
            # Shielded: if a cancelled task could not acquire the condition, its reservation would never end.
            with anyio.CancelScope(shield=True):
                async with self._settled:
                    self._open -= 1
                    self._reserved = self._reserved - amount if self._open else 0.0
                    self.spent += sum(map(self._amount, used))
                    self._settled.notify_all()

    def _amount(self, usage: Usage) -> float:
        amounts = {"usd": usage.cost_usd, "tokens": usage.tokens, "completions": usage.completions}
        return float(amounts[self.unit])

    def __str__(self) -> str:
        return f"${self.limit:g}" if self.unit == "usd" else f"{self.limit:g} {self.unit}"


def parse_budget(text: str) -> Budget:
    """Parse a budget such as `2.50usd`, `$2.50`, `200000tokens` or `1000completions`.

    Raises:
        ModelError: the text is not a budget.
    """
    found = re.fullmatch(r"\$?([0-9]+(?:\.[0-9]+)?) ?(usd|tokens|completions)?", text.strip().lower())
    # A number without a unit is a budget only if it has the dollar sign.
    if found is None or (found[2] is None and not text.strip().startswith("$")):
        raise ModelError(f"{text!r} is no budget; write it as 2.50usd, 200000tokens or 1000completions")
    # The table gives the matched string its literal type.
    units: dict[str, Unit] = {"usd": "usd", "tokens": "tokens", "completions": "completions"}
    return Budget(float(found[1]), units[found[2] or "usd"])
