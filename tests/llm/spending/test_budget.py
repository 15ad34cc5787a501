"""A budget that many requests share: none is refused while others may turn out cheaper, and nobody waits in vain."""

import anyio
import anyio.lowlevel
import pytest

from toolworld.ground import BudgetError, task_group
from toolworld.llm import Usage, parse_budget


@pytest.mark.parametrize("limit", ["0.05usd", "0.07usd", "0.3usd", "1000tokens", "60completions"])
@pytest.mark.parametrize("at_once", [1, 4, 16])
async def test_a_budget_is_spent_to_its_end_and_then_everybody_is_told(limit: str, at_once: int) -> None:
    budget, made, refused = parse_budget(limit), 0, 0

    async def spend(number: int) -> None:
        nonlocal made, refused
        while True:
            # Amounts whose sums and differences leave a rest in floating point.
            worst = Usage(completions=1, prompt_tokens=30, cost_usd=0.0041 + 0.0003 * (number % 7))
            try:
                async with budget.reserve(worst) as used:
                    await anyio.lowlevel.checkpoint()
                    used.append(Usage(completions=1, prompt_tokens=17, cost_usd=0.0007 + 0.0001 * (made % 3)))
                    made += 1
            except BudgetError:
                refused += 1
                return

    with anyio.fail_after(10):
        async with task_group() as tasks:
            for number in range(at_once):
                tasks.start_soon(spend, number)
    assert refused == at_once
    assert made > 5
    assert budget.spent <= budget.limit
