"""The way of the systems before us: three completions a call, to check it, to answer it, and to write the state anew.

Faithful in what is sent and what comes back (SynthTools: parameter check, response, environment update),
generous in what it is given: the same slice of the state that we show, and the right answers at once.
"""

from toolworld.environments import Call, Event, State, ToolSpec
from toolworld.environments.model_simulator.context import Slice
from toolworld.ground import encode

CHECK = """You check the parameters of tool calls. Go through these checks in order and stop at the first that
fails: the name of the tool; that every required parameter is there; that there is none that the tool
does not know; the type of each; what the descriptions demand of their values; defaults of what was left
out; every rule that the error messages imply; and what must have happened before. Answer with three
lines: `Status: PASS` or `Status: FAIL`, `Status Code:` 400 for a parameter that is missing, of a wrong
type or against a rule, 404 for something that is not there, 500 otherwise, and `Error Message:` with the
message of the tool that fits, or None."""

ANSWER = """You simulate a tool. The call has passed its check. Deduce from the state of the environment what the
tool returns; where the state does not say, generate data that is realistic and fits the tool's output.
Keep to the names and types of the output, use the state's own ids, and do not add fields. Answer with
one JSON object that has the parameters of the call under `tool_call` and what the tool returns under
`return_data`, then a line with the status code."""

UPDATE = """You keep the state of an environment. You are given the state, a tool, a call of it and its response.
Work out what the call has changed, and write the whole state anew with those changes made and everything
else as it was. Answer with one JSON object that is the new state, complete."""


def exchanges(tool: ToolSpec, call: Call, shown: Slice, event: Event, after: State) -> list[tuple[str, str]]:
    """What is asked and what is answered, completion by completion."""
    spec, asked = tool.model_dump_json(exclude_none=True), encode(call.model_dump()).decode()
    state = encode(shown.document()).decode()
    if event.failure is not None:
        verdict = f"Status: FAIL\nStatus Code: 400\nError Message: {event.failure.message}"
        return [(f"{CHECK}\n{spec}\n{state}\n{asked}", verdict)]
    response = encode({"tool_call": {"parameters": call.arguments}, "return_data": event.result}).decode()
    new = {
        name: {key: after.get(name, key) for key in rows if after.get(name, key) is not None}
        for name, rows in shown.records.items()
    }
    new_state = encode({"records": new, "singletons": shown.singletons}).decode()
    return [
        (f"{CHECK}\n{spec}\n{state}\n{asked}", "Status: PASS\nStatus Code: 200\nError Message: None"),
        (f"{ANSWER}\n{spec}\n{state}\n{asked}", f"{response}\nStatus Code: 200"),
        (f"{UPDATE}\n{spec}\n{state}\n{asked}\n{response}", new_state),
    ]
