"""A program that a model writes for a twin is kept only if it gives every recorded answer."""

import json
from typing import Any

from tests.support.recordings import FIG, PLUM, shelf, text

from toolworld.environments import Call, Runtime, make_twin, write_program
from toolworld.llm import ScriptedModel

JARS = {
    "collections": {
        "jars": {
            "key": "jar_id",
            "record": {
                "type": "object",
                "required": ["jar_id", "name", "size"],
                "properties": {"jar_id": {"type": "string"}, "name": {"type": "string"}, "size": {"type": "integer"}},
            },
        }
    }
}
PROGRAM = """
def get_jar(jar_id):
    jar = get("jars", jar_id)
    if jar is None:
        fail("unknown_jar", "no jar " + jar_id)
    return jar

def list_jars():
    return {"jars": rows("jars")}

def delete_jar(jar_id):
    get_jar(jar_id)
    delete("jars", jar_id)
    return {}
"""


def written(program: str = PROGRAM, jars: tuple[dict[str, Any], ...] = (PLUM, FIG), schema: Any = JARS) -> str:
    state = {"collections": {"jars": list(jars)}}
    parts = {"state_schema": json.dumps(schema), "initial_state": json.dumps(state), "program": program}
    return json.dumps(parts)


async def test_a_program_that_gives_every_recorded_answer_is_kept_and_answers_what_was_not_recorded() -> None:
    outcome = await write_program(shelf(), "shelf", ScriptedModel([written()]))
    assert outcome.environment is not None and outcome.attempts == 1
    twin = await make_twin(shelf(), "shelf", program=outcome.environment)
    assert twin.report.programs == ("get_jar", "list_jars", "delete_jar")
    assert twin.report.rejected == {"price_now": "no program was written", "shake": "no program was written"}
    runtime = Runtime(twin.environment)
    event, _ = await runtime.step(runtime.start, Call(name="get_jar", arguments={"jar_id": "J2"}))
    assert (event.simulator, event.result) == ("behaviour", FIG)


async def test_a_program_that_answers_otherwise_goes_back_with_the_difference_and_may_be_mended() -> None:
    model = ScriptedModel([written(jars=(PLUM,)), written()])
    outcome = await write_program(shelf(), "shelf", model)
    assert (outcome.attempts, outcome.environment is not None) == (2, True)
    said = model.asked[1].messages[-1].content or ""
    assert 'call 0, list_jars({}): the server\'s gave {"jars":[{"jar_id":"J1"' in said


async def test_what_no_repair_mends_is_not_kept_and_says_why() -> None:
    bad = [
        written(schema={"collections": {"jars": {"key": 3}}}),
        written(program="import os"),
        written(program="def get_jar(jar_id):\n    return {}\n"),
    ]
    outcome = await write_program(shelf(), "shelf", ScriptedModel(bad))
    assert (outcome.environment, outcome.attempts) == (None, 3)
    assert outcome.why is not None and outcome.why.startswith("get_jar: call 1")


async def test_the_model_is_shown_the_tools_and_the_calls_in_their_order_and_no_more_than_fits() -> None:
    model = ScriptedModel([written()])
    await write_program(shelf(), "shelf", model)
    prompt = model.asked[0].messages[0].content or ""
    assert prompt.index('"call":"list_jars"') < prompt.index('"call":"delete_jar"')
    assert '"refused":"no jar J1"' in prompt
    assert "$" not in prompt


async def test_a_program_that_answers_nothing_is_not_kept() -> None:
    nothing = json.dumps({"state_schema": "{}", "initial_state": "{}", "program": "def _x():\n    return 1\n"})
    outcome = await write_program(shelf(), "shelf", ScriptedModel([nothing] * 3))
    assert outcome.environment is None and outcome.why is not None


async def test_a_call_that_is_too_long_to_be_shown_does_not_hide_the_others() -> None:
    capture = shelf()
    long = capture.calls[2].model_copy(update={"answer": text("x" * 50_000)})
    capture.calls.insert(0, long.model_copy(update={"number": 99}))
    model = ScriptedModel([written()] * 3)
    await write_program(capture, "shelf", model)
    prompt = model.asked[0].messages[0].content or ""
    assert len(prompt) < 50_000 and '"call":"delete_jar"' in prompt
