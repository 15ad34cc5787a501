"""Tasks evolved by a model: asked for, solved in the live environment, judged, told as one request; scripted here."""

import json
import re

from toolworld.datasets import Task
from toolworld.environments import Environment, RuntimePool, SimulationPlan, compose_environments
from toolworld.ground import JsonValue
from toolworld.llm import Request, ScriptedModel
from toolworld.rollout import EvolutionModels, RejectedTask, TaskEvolver
from toolworld.rollout.evolution.merging import merge_problem

ENVIRONMENT: Environment = next(compose_environments("dental practice", 1, seed=5))
PHONE = "+1 555 0123"


class Players:
    """A model that plays all roles: it changes telephone numbers of patients, or does what a test wants wrong."""

    def __init__(self, **wrong: str) -> None:
        self.wrong = wrong
        self.roles: list[str] = []
        self.model = ScriptedModel(self.answer)

    @property
    def all(self) -> EvolutionModels:
        return EvolutionModels(evolver=self.model, solver=self.model, judge=self.model, merger=self.model)

    def answer(self, request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        role = next(name for name, begins in BEGINS.items() if text.startswith(begins))
        self.roles.append(role)
        found: JsonValue = getattr(self, role)(text)
        return found

    def evolver(self, text: str) -> JsonValue:
        target = str(re.findall(r"needs the tool `(\w+)`", text)[0])
        name = re.findall(r"patients: \{'name': ['\"]([^'\"]+)['\"]", text)[0]
        turn = f"I am {name}; please change my phone number to {PHONE}."
        return {"turn": self.wrong.get("turn", turn), "tool": target, "values": {"phone": PHONE}}

    def solver(self, text: str) -> JsonValue:
        calls = text.split("Your calls for it so far")[1]
        name = re.findall(r"name ([^;\n]+)", text.split("Who you talk to:")[1])[0]
        if "list_patients" not in calls:
            return {"name": "list_patients", "arguments": {"name": name}}
        if "update_patient" not in calls:
            key = re.findall(r'"patient_id":"(\w+)"', calls)[0]
            phone = self.wrong.get("phone", PHONE)
            return {"name": "update_patient", "arguments": {"patient_id": key, "phone": phone}}
        return {"name": "finish", "arguments": {}}

    def judge(self, text: str) -> JsonValue:
        del text
        return {"verdict": self.wrong.get("verdict", "accept"), "why": "it does not sound like a person"}

    def merger(self, text: str) -> JsonValue:
        turns = re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
        return {"request": self.wrong.get("request", "Hello! " + " ".join(turns))}


BEGINS = {
    "evolver": "You write what a customer asks",
    "solver": "You work at a service desk",
    "judge": "You check one turn",
    "merger": "A customer said these things",
}


async def made(players: Players, count: int = 1, seed: int = 1) -> list[Task | RejectedTask]:
    only = tuple(one for one in ENVIRONMENT.tools if one.effect == "read" or one.name == "update_patient")
    narrowed = ENVIRONMENT.replaced(tools=only)
    pool = RuntimePool.of([narrowed], SimulationPlan(trusted=True))
    return [one async for one in TaskEvolver(pool, players.all, seed=seed).generate(count)]


async def test_a_task_evolves_from_a_wish_to_a_verified_task_with_references() -> None:
    players = Players()
    tasks = [one for one in await made(players) if isinstance(one, Task)]
    assert len(tasks) == 1 and players.roles == ["evolver", "solver", "solver", "solver", "judge", "merger"]
    [task] = tasks
    assert task.request.startswith("Hello! I am ") and PHONE in task.request
    assert [one.call.name for one in task.calls] == ["list_patients", "update_patient"]
    assert task.calls[1].written is not None
    assert task.calls[1].written.arguments["patient_id"] == "$0.patients.0.patient_id"
    assert task.origin is not None and task.origin.mode == "evolved"
    assert [op.model_dump()["fields"] for op in task.truth.changes] == [{"phone": PHONE}]
    assert task.scenario.facts["phone"] == PHONE


async def test_a_solver_that_does_something_else_is_told_and_the_turn_is_rejected_in_the_end() -> None:
    players = Players(phone="+1 555 0999")
    results = await made(players)
    assert all(isinstance(one, RejectedTask) and "'+1 555 0999'" in one.why for one in results) and len(results) == 3
    assert players.roles.count("evolver") == 9 and "judge" not in players.roles
    complained = [
        one for one in players.model.asked if "Your last turn was rejected" in (one.messages[0].content or "")
    ]
    assert len(complained) == 6


async def test_what_the_judge_rejects_is_no_turn() -> None:
    results = await made(Players(verdict="reject"))
    assert all(isinstance(one, RejectedTask) and "sound like a person" in one.why for one in results)


async def test_a_merged_request_that_loses_something_gives_way_to_the_turns_themselves() -> None:
    players = Players(request="Please change my number.")
    [task] = [one for one in await made(players) if isinstance(one, Task)]
    assert players.roles.count("merger") == 3  # asked, and told twice what is lost
    assert PHONE in task.request and not task.request.startswith("Hello")


def test_a_request_loses_nothing_and_gives_nothing_away() -> None:
    assert merge_problem("Move it to 4 May 2026, please.", ["2026-05-04"], ["A17"]) is None
    assert merge_problem("Move it, please.", ["2026-05-04"], []) == (
        "the request does not say '2026-05-04', which the solution needs"
    )
    assert "gives 'A17' away" in str(merge_problem("Move A17 to 2026-05-04.", ["2026-05-04"], ["A17"]))


async def test_the_same_answers_make_the_same_tasks() -> None:
    first, second = [await made(Players(), seed=4) for _ in range(2)]
    assert json.dumps([one.model_dump(mode="json") for one in first]) == json.dumps(
        [one.model_dump(mode="json") for one in second]
    )
