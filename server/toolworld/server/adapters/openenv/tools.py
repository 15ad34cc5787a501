"""The tools of a session: those of the environment, and two with which the agent speaks."""

from toolworld.environments import Environment
from toolworld.ground import JsonObject, UsageError

SAY, SUBMIT = "say_to_user", "submit_answer"
RESERVED = frozenset({"reset", "step", "state", "close", SAY, SUBMIT})
"""Names that the protocol takes, or this adapter."""


def _speaking(name: str, description: str, argument: str) -> JsonObject:
    schema: JsonObject = {
        "type": "object",
        "properties": {argument: {"type": "string", "description": "What the user reads."}},
        "required": [argument],
        "additionalProperties": False,
    }
    return {"name": name, "description": description, "input_schema": schema}


_SPEAKING = (
    _speaking(
        SAY, "Say something to the user, and hear the answer. The episode ends when the user is done.", "message"
    ),
    _speaking(SUBMIT, "Tell the user your last words, and end the episode.", "answer"),
)


def listed_tools(environment: Environment) -> list[JsonObject]:
    """The tools as OpenEnv lists them.

    Raises:
        UsageError: the environment has a tool whose name is taken.
    """
    tools = environment.tools_of("agent")
    taken = sorted(RESERVED & {tool.name for tool in tools})
    if taken:
        raise UsageError(
            f"environment {environment.id} has a tool named {taken[0]}, which OpenEnv's protocol takes: "
            "use its other protocols"
        )
    own: list[JsonObject] = [
        {"name": tool.name, "description": tool.shown_description, "input_schema": tool.input_schema} for tool in tools
    ]
    return [*own, *_SPEAKING]
