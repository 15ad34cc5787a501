"""The bodies of functions that answer from a table of made-up facts."""

from collections.abc import Iterator

from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.facts import MADE_UP
from toolworld.environments.compiler.plans.plan import Plan
from toolworld.environments.normaliser.shape import properties_of


def fact_lines(plan: Plan) -> Iterator[str]:
    """Choose one of the results by the arguments, and repeat those that the result repeats."""
    given = ", ".join(one.name for one in plan.operation.parameters)
    yield "# Made up: nothing that came with the tools says it."
    yield f"shown = dict(_chosen(get({quoted(MADE_UP)})[{quoted(plan.operation.name)}], [{given}]))"
    for name in properties_of(plan.operation.response):
        if plan.operation.parameter(name) is not None:
            yield f"shown[{quoted(name)}] = {name}"
    yield "return shown"
