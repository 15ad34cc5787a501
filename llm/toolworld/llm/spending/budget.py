"""What a run may spend on models: a hard bound, kept by setting the worst case aside before anything is sent."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import anyio

from toolworld.ground import BudgetError, ModelError
from toolworld.llm.usage import Usage

Unit = Literal["usd", "tokens", "completions"]


class Budget:
    """A bound on dollars, tokens or completions."""

    def __init__(self, limit: float, unit: Unit) -> None:
        self.limit = limit
        self.unit: Unit = unit
        self.spent = 0.0
        self.exhausted = False
        """Whether something was not sent for want of it."""
        self._aside = 0.0
        self._settled = anyio.Condition()

    @asynccontextmanager
    async def reserve(self, worst: Usage) -> AsyncGenerator[list[Usage]]:
        """Set the worst case aside, and take what was really used when it is known.

        Where others hold what is missing, this waits until they know what they used.

        Yields:
            A list to put the usage in; if it stays empty, nothing was spent.

        Raises:
            BudgetError: there is not so much left.
        """
        wanted = self._amount(worst)
        async with self._settled:
            while not self.exhausted and self.spent + self._aside + wanted > self.limit and self._aside:
                await self._settled.wait()
            if self.exhausted or self.spent + wanted > self.limit:
                self.exhausted = True
                self._settled.notify_all()
                raise BudgetError(
                    f"the budget of {self} is spent: {self.spent:g} used, and the next request may need {wanted:g}"
                )
            self._aside += wanted
        used: list[Usage] = []
        try:
            yield used
        finally:
            with anyio.CancelScope(shield=True):
                async with self._settled:
                    self._aside -= wanted
                    self.spent += sum(map(self._amount, used))
                    self._settled.notify_all()

    def _amount(self, usage: Usage) -> float:
        amounts = {"usd": usage.cost_usd, "tokens": usage.tokens, "completions": usage.completions}
        return float(amounts[self.unit])

    def __str__(self) -> str:
        return f"${self.limit:g}" if self.unit == "usd" else f"{self.limit:g} {self.unit}"


def parse_budget(text: str) -> Budget:
    """Read a budget as a person writes it: `2.50usd`, `200000tokens` or `1000completions`.

    Raises:
        ModelError: it is none.
    """
    found = re.fullmatch(r"\$?([0-9]+(?:\.[0-9]+)?) ?(usd|tokens|completions)?", text.strip().lower())
    if found is None or (found[2] is None and not text.strip().startswith("$")):
        raise ModelError(f"{text!r} is no budget; write it as 2.50usd, 200000tokens or 1000completions")
    units: dict[str, Unit] = {"usd": "usd", "tokens": "tokens", "completions": "completions"}
    return Budget(float(found[1]), units[found[2] or "usd"])
