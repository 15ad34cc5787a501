"""A twin of answers that were seen, of a server that nothing has changed."""

from collections.abc import Sequence

from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.twin.recorded_answers import PLACE, Place
from toolworld.ground import JsonSchema

PLACE_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {"position": {"type": ["integer", "null"]}, "is_known": {"type": "boolean"}},
}
"""The schema of a place in a recording."""


def twin_of_answers(environment: Environment, answers: Sequence[RecordedAnswer]) -> Environment:
    """An environment with the tools of another one, that answers what was answered and nothing else.

    Args:
        environment: Has the tools.
        answers: What was answered before anything was changed.
    """
    tools = tuple(tool.model_copy(update={"inferred": None, "output_schema": None}) for tool in environment.tools)
    return environment.replaced(
        tools=tools,
        behaviour=None,
        recording=tuple(answers),
        state_schema=StateSchema(singletons={PLACE: PLACE_SCHEMA}),
        initial_state=StateDocument(singletons={PLACE: Place().value}),
    )
