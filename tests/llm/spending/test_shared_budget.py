"""A budget that processes share through a store, which here is a plain object."""

from dataclasses import dataclass, field

import anyio
import pytest

from toolworld.ground import BudgetError, StoreError
from toolworld.llm import SharedBudget, Spending, Usage, parse_budget


@dataclass
class Account:
    """What a store keeps of a budget."""

    spent: float = 0.0
    held: dict[str, float] = field(default_factory=dict[str, float])
    asked: int = 0

    async def reserve_spending(
        self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
    ) -> Spending:
        self.asked += 1
        fits = self.spent + sum(self.held.values()) + amount <= limit
        if fits:
            self.held[name] = amount
        return Spending(fits, self.spent, sum(self.held.values()), len(self.held))

    async def book_spending(self, name: str, amount: float) -> None:
        self.spent += amount if self.held.pop(name, None) is not None else 0


def budget_of(account: Account) -> SharedBudget:
    return SharedBudget(parse_budget("10tokens"), account, lambda: 0)


async def test_what_one_process_has_spent_another_one_lacks() -> None:
    account = Account()
    async with budget_of(account).reserve(Usage(prompt_tokens=8)) as used:
        used.append(Usage(prompt_tokens=7))
    other = budget_of(account)
    with pytest.raises(BudgetError, match=r"10 tokens is spent: 7 used by all on this store, and the next .* need 4"):
        async with other.reserve(Usage(prompt_tokens=4)):
            pass
    assert (other.spent, other.exhausted) == (7, True)


async def test_a_request_waits_while_others_may_still_use_less_than_they_reserved() -> None:
    account = Account()
    order: list[str] = []

    async def first() -> None:
        async with budget_of(account).reserve(Usage(prompt_tokens=9)) as used:
            order.append("first begins")
            await anyio.sleep(0.3)
            used.append(Usage(prompt_tokens=2))
            order.append("first ends")

    async def second() -> None:
        async with budget_of(account).reserve(Usage(prompt_tokens=8)):
            order.append("second begins")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await anyio.sleep(0.05)
        tasks.start_soon(second)
    assert order == ["first begins", "first ends", "second begins"]
    assert account.spent == 2 and account.asked > 2


async def test_a_request_that_is_cancelled_is_booked() -> None:
    account = Account()
    with anyio.move_on_after(0.05):
        async with budget_of(account).reserve(Usage(prompt_tokens=9)) as used:
            used.append(Usage(prompt_tokens=9))
            await anyio.sleep(5)
    assert (account.spent, account.held) == (9, {})


async def test_a_request_that_is_cancelled_while_it_reserves_leaves_nothing_reserved() -> None:
    class Slow(Account):
        async def reserve_spending(
            self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
        ) -> Spending:
            found = await super().reserve_spending(budget, name, amount, limit, now=now, until=until)
            await anyio.sleep(0.2)  # it is made, and its answer is on its way
            return found

    account = Slow()
    with anyio.move_on_after(0.05):
        async with budget_of(account).reserve(Usage(prompt_tokens=9)):
            pass
    assert (account.spent, account.held) == (0, {})


async def test_what_was_answered_is_not_lost_when_it_cannot_be_booked() -> None:
    class Broken(Account):
        async def book_spending(self, name: str, amount: float) -> None:
            raise StoreError("the disk is full")

    account = Broken()
    async with budget_of(account).reserve(Usage(prompt_tokens=9)) as used:
        used.append(Usage(prompt_tokens=1))
    assert sum(account.held.values()) == 9, "it counts in full"


async def test_a_reservation_in_the_way_that_is_gone_a_moment_later_refuses_nobody() -> None:
    class Booked(Account):
        """What stood in the way is booked between the asking and the counting."""

        async def reserve_spending(
            self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
        ) -> Spending:
            if self.asked == 0:
                self.asked += 1
                return Spending(is_reserved=False, spent=1, reserved=0, open=0)
            return await super().reserve_spending(budget, name, amount, limit, now=now, until=until)

    async with budget_of(Booked()).reserve(Usage(prompt_tokens=6)) as used:
        used.append(Usage(prompt_tokens=1))


async def test_once_a_request_was_refused_smaller_ones_are_too() -> None:
    budget = budget_of(Account(spent=5))
    for tokens in (6, 1):
        with pytest.raises(BudgetError):
            async with budget.reserve(Usage(prompt_tokens=tokens)):
                pass
