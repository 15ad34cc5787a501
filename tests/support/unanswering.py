"""A library in which renewals are simulated by a model that does not answer, so that runs are void."""

from toolworld.datasets import TaskSuite, load_suite
from toolworld.environments import SimulationPlan
from toolworld.ground import ModelError
from toolworld.llm import ScriptedModel

ADDRESS = "http://10.1.2.3:9/v1"
"""Of the model; agents must not see it."""


async def unanswering_library(tries: int = 50) -> TaskSuite:
    """The library with its tasks; each call of `renew_loan` is asked of a model in vain, so many times."""
    model = ScriptedModel([ModelError(f"m at {ADDRESS} does not answer") for _ in range(tries)])
    return await load_suite(["library"], simulation=SimulationPlan(overrides={"renew_loan": "model"}, model=model))
