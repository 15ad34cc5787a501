"""Made-up facts: the results of a tool that asks for what is outside, a few to choose from."""

import random

from toolworld.environments.compiler.data.field_values import ValueMaker, value_maker
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.normaliser.operation import Operation
from toolworld.environments.normaliser.shape import properties_of
from toolworld.ground import JsonObject

FACTS = 12
"""How many results a tool has to choose from."""


def can_be_made_up(operation: Operation) -> bool:
    """Whether values are known of something that a tool tells."""
    return bool(_makers(operation))


def _makers(operation: Operation) -> dict[str, ValueMaker]:
    given = {one.name for one in operation.parameters}
    return {
        name: make
        for name, schema in properties_of(operation.response).items()
        if name not in given and (make := value_maker(name, schema, operation.original)) is not None
    }


def make_facts(operation: Operation, seed: str) -> list[JsonObject]:
    """Make results; what repeats an argument is left out.

    Args:
        operation: The tool.
        seed: The same gives the same results.
    """
    makers = _makers(operation)
    draw = random.Random(f"{seed}:{operation.name}")
    stories = [RecordStory(draw, number) for number in range(FACTS)]
    return [{name: make(story) for name, make in makers.items()} for story in stories]
