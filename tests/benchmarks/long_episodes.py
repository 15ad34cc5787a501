"""Figures of long episodes: many calls in one rollout, and calls after many records have changed."""

import tempfile
from pathlib import Path

from tests.benchmarks.figures import Figure, cpu_ms

from toolworld.datasets import ReferenceCall, Scenario, Task, derive_truth
from toolworld.environments import Call, Environment, Runtime, RuntimePool, SimulationPlan
from toolworld.judges import judge
from toolworld.rollout import Limits, PlannedRun, ScriptedAgent, ScriptedUser, play, script_of
from toolworld.server import InProcessHost, open_episodes

CALLS = 500
CHANGED = 1_000
LIMITS = Limits(turns=3 * CALLS, calls=2 * CALLS)
NOTES = """
def add_note(note_id, text):
    return insert("notes", {"note_id": note_id, "text": text, "topic": "plain", "reads": 0})

def read_note(note_id):
    note = get("notes", note_id)
    if note is None:
        fail("not_found", f"There is no note {note_id}.")
    return {"note": note, "same_topic": len(find("notes", {"topic": "special"}))}

def touch_note(note_id):
    note = get("notes", note_id)
    return update("notes", note_id, {"reads": note["reads"] + 1})
"""


def notes_environment(records: int = 2_000) -> Environment:
    """Notes by id, of which a few are on a topic of their own, with tools to add, read and change one."""
    text = {"type": "string"}
    arguments = {"type": "object", "properties": {"note_id": text}, "required": ["note_id"]}
    written = {"type": "object", "properties": {"note_id": text, "text": text}, "required": ["note_id", "text"]}
    fields = {"note_id": text, "text": text, "topic": text, "reads": {"type": "integer"}}
    tools = [("add_note", "write", written), ("read_note", "read", arguments), ("touch_note", "write", arguments)]
    return Environment.model_validate(
        {
            "id": "notes",
            "domain": "notes",
            "title": "Notes",
            "description": "Notes by id.",
            "policy": "Do as you are asked.",
            "tools": [
                {"name": name, "description": f"To {name}.", "effect": effect, "input_schema": schema}
                for name, effect, schema in tools
            ],
            "state_schema": {
                "collections": {
                    "notes": {
                        "key": "note_id",
                        "record": {"type": "object", "properties": fields, "required": [*fields]},
                    }
                }
            },
            "initial_state": {
                "collections": {
                    "notes": [
                        {
                            "note_id": f"N{n}",
                            "text": "x" * 80,
                            "topic": "special" if n % 200 == 0 else "plain",
                            "reads": 0,
                        }
                        for n in range(records)
                    ]
                }
            },
            "clock": {"start": "2026-03-02T09:00:00Z"},
            "behaviour": NOTES,
        }
    )


async def measure_long_episodes() -> list[Figure]:
    """Measure a rollout of many calls, and a call after many changes."""
    environment, plan = notes_environment(), SimulationPlan(trusted=True)
    runtime = Runtime(environment, simulation=plan)
    with tempfile.TemporaryDirectory() as folder:
        async with open_episodes(RuntimePool.of([environment], plan), store=Path(folder) / "long.sqlite") as episodes:
            rollout = await _measure_rollout(runtime, InProcessHost(episodes))
            fresh = await episodes.open("notes")
            changed = await episodes.open("notes")
            for number in range(CHANGED):
                await changed.call(Call(name="touch_note", arguments={"note_id": f"N{number}"}))

            async def some(name: str) -> float:
                episode = changed if name == "changed" else fresh
                look = Call(name="read_note", arguments={"note_id": "N7"})
                return await cpu_ms(lambda: episodes.runtime("notes").step(episode.snapshot, look), 200)

            before, after = await some("fresh"), await some("changed")
    return [
        rollout,
        Figure("a call simulated, no record changed", before, "ms"),
        Figure(f"the same after {CHANGED:,} records have changed", after, "ms", 0.1),
    ]


async def _measure_rollout(runtime: Runtime, host: InProcessHost) -> Figure:
    calls = tuple(Call(name="touch_note", arguments={"note_id": f"N{number}"}) for number in range(CALLS))
    reference, truth = await derive_truth(runtime, calls, ())
    task = Task(
        id="notes/many",
        environment="notes",
        environment_version=runtime.environment.version,
        request=f"Touch these notes: {', '.join(call.arguments['note_id'] for call in calls)}.",  # type: ignore[misc]
        scenario=Scenario(goal="Have them touched."),
        calls=tuple(ReferenceCall(call=made.call, result=made.result) for made in reference.calls),
        truth=truth,
    )
    run = PlannedRun(task, 0)

    async def one() -> None:
        async with host.session(run) as session:
            played = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session, LIMITS)
        assert (await judge(task, played, runtime)).passed

    return Figure(f"a graded rollout of {CALLS} calls", await cpu_ms(one, 1, 3), "ms", 100, peers="410 tau2 retail")
