"""Environments grown by a model: what is wrong goes back or is listed, and nothing finished is asked again."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.author import right_answer, stage_of

from toolworld.environments import (
    GENERATOR_STAGES,
    Generator,
    GeneratorOptions,
    Grown,
    audit,
    plan_fields,
    projected_costs,
)
from toolworld.ground import BudgetError, RecordError
from toolworld.llm import Request, ScriptedAnswer, ScriptedModel

FIELDS = ("dental practice", "car repair")
Change = Callable[[Any], Any]


def generator(folder: Path, model: ScriptedModel | None, count: int = 5, **options: Any) -> Generator:
    return Generator(GeneratorOptions(plan_fields(FIELDS, count), folder, **options), model, None)


class Author:
    """A good author that spoils its answers of one stage: the first so many, or all of them."""

    def __init__(self, stage: str, change: Change, times: int = 1000) -> None:
        self.stage, self.change, self.times = stage, change, times

    def __call__(self, request: Request) -> ScriptedAnswer:
        answer = right_answer(request)
        if stage_of(request) != self.stage or self.times == 0:
            return answer
        self.times -= 1
        spoilt = self.change(answer.value)
        return ScriptedAnswer(text=spoilt) if isinstance(spoilt, str) else ScriptedAnswer(value=spoilt)


def written(part: str, change: Change) -> Change:
    """Changes a part that is JSON in a text."""
    return lambda value: {**value, part: json.dumps(change(json.loads(value[part])))}


def first_tool(**parts: Any) -> Change:
    return lambda value: {"tools": [{**value["tools"][0], **parts}, *value["tools"][1:]]}


def first_idea(stage: str, **parts: Any) -> Change:
    return lambda value: {stage: [{**value[stage][0], **parts}, *value[stage][1:]]}


def replaced(old: str, new: str) -> Change:
    return lambda value: {"program": value["program"].replace(old, new)}


def without_first(value: Any) -> Any:
    [(name, rows)] = value["collections"].items()
    return {"collections": {name: rows[:1]}}


def twice(value: Any) -> Any:
    return _change_collection(value, lambda rows: [*rows, rows[0]])


def _change_collection(value: Any, change: Callable[[Any], Any]) -> Any:
    return {"collections": {name: change(one) for name, one in value["collections"].items()}}


def _keyed(value: Any, key: str) -> Any:
    return _change_collection(value, lambda one: {**one, "key": key})


def _referring(value: Any) -> Any:
    return _change_collection(value, lambda one: {**one, "references": {"label": "moons"}})


def _typed(value: Any, kind: str) -> Any:
    def change(one: Any) -> Any:
        record = {**one["record"], "properties": {**one["record"]["properties"], "label": {"type": kind}}}
        return {**one, "record": record}

    return _change_collection(value, change)


def _only_reading(value: Any) -> Any:
    return {"tools": [{**one, "effect": "read"} for one in value["tools"]]}


def _numbered(value: Any) -> Any:
    return _change_collection(value, lambda rows: [{**row, "label": 5} for row in rows])


BAD: list[tuple[str, str, Change, str]] = [
    ("subfields", "malformed", lambda _: "I would rather not.", "it must be one JSON object"),
    ("subfields", "too few", lambda value: {"subfields": value["subfields"][:1]}, "2 were asked for, and there are 1"),
    (
        "subfields",
        "duplicate",
        lambda value: {"subfields": [value["subfields"][0]] * 2},
        "2 is a copy of number 1",
    ),
    ("subfields", "hostile", first_idea("subfields", name="desk \x1b[2J\x1b[31m"), "characters that cannot be shown"),
    ("scenarios", "missing", first_idea("scenarios", summary=" "), "`summary` is empty"),
    ("scenarios", "hostile", first_idea("scenarios", title="A desk\u202egpj.exe"), "characters that cannot be shown"),
    ("scenarios", "far too long", first_idea("scenarios", summary="x" * 2000), "2,000 characters"),
    ("state", "malformed", lambda _: {"state_schema": "{"}, "state_schema: "),
    ("state", "missing", lambda _: {"state_schema": '{"collections": {}}'}, "1 to 12 are wanted"),
    ("state", "no such key", written("state_schema", lambda value: _keyed(value, "nothing")), "is not a property"),
    (
        "state",
        "reference",
        written("state_schema", lambda value: _referring(value)),
        "refers to the collection `moons`",
    ),
    ("state", "bad schema", written("state_schema", lambda value: _typed(value, "texts")), "texts"),
    ("tools", "missing", lambda value: {"tools": value["tools"][:2]}, "there are 2 tools"),
    ("tools", "duplicate", lambda value: {"tools": [value["tools"][0], *value["tools"]]}, "two tools are called"),
    ("tools", "malformed", first_tool(parameters="{"), "`parameters`: not JSON"),
    ("tools", "contradicting", first_tool(required=["moon"]), "`moon` is required and is no parameter"),
    ("tools", "bad schema", first_tool(result='{"type": "objects"}'), "`result`"),
    ("tools", "hostile", first_tool(name="__import__"), "is no name"),
    ("tools", "one kind only", lambda value: _only_reading(value), "both kinds are needed"),
    ("policy", "malformed", lambda value: {**value, "rules": "no"}, "rules: "),
    ("policy", "unknown tool", written("rules", lambda value: [{**value[0], "tools": ["fly"]}]), "fly"),
    (
        "policy",
        "contradicting",
        written("rules", lambda value: [{**value[0], "why": "No."}]),
        "no sentence of the policy",
    ),
    ("policy", "missing", lambda value: {**value, "rules": "[]"}, "at least one sentence"),
    ("behaviour", "malformed", lambda _: {"program": "def broken("}, "behaviour.py"),
    ("behaviour", "missing", lambda _: {"program": "def other():\n    return 1\n"}, "there is no function"),
    ("behaviour", "hostile", replaced("def ", "import os\n\n\ndef "), "import"),
    ("behaviour", "undocumented", replaced('fail("lent_already"', 'fail("gone_fishing"'), "gone_fishing"),
    ("behaviour", "unknown collection", replaced('rows("', 'rows("moons_'), "moons_"),
    ("records", "malformed", lambda _: {"initial_state": "[]"}, "initial_state"),
    ("records", "missing", written("initial_state", without_first), "2 to 500 are wanted"),
    ("records", "wrong type", written("initial_state", lambda value: _numbered(value)), "is not of type"),
    ("records", "contradicting", written("initial_state", twice), "two records with the key"),
]


async def test_environments_grow_through_every_stage_and_pass_the_audit(tmp_path: Path) -> None:
    model = ScriptedModel(right_answer)
    grown = await generator(tmp_path, model).grow()
    assert len(grown.environments) + len(grown.rejected) == 5
    assert [one.stage for one in grown.counts] == list(GENERATOR_STAGES)
    assert [one.asked for one in grown.counts] == [2, 4, 5, 5, 5, 5, 5]
    assert len(grown.environments) >= 4
    for environment in grown.environments:
        assert environment.domain in FIELDS and environment.rules
        assert not [one for one in audit(environment, types=False) if one.severity == "error"]


@pytest.mark.parametrize(("stage", "kind", "change", "said"), BAD, ids=[f"{one[0]}-{one[1]}" for one in BAD])
async def test_a_bad_answer_goes_back_with_what_is_wrong_and_is_mended(
    tmp_path: Path, stage: str, kind: str, change: Change, said: str
) -> None:
    model = ScriptedModel(Author(stage, change, times=2))
    grown = await generator(tmp_path, model, count=3, concurrency=1).grow()
    assert len(grown.environments) == 3
    repairs = [one.messages[-1].content or "" for one in model.asked if len(one.messages) > 1]
    assert len(repairs) == 2 and all(said in one for one in repairs), repairs
    assert sum(one.repaired for one in grown.counts) >= 1


@pytest.mark.parametrize(("stage", "kind", "change", "said"), BAD, ids=[f"{one[0]}-{one[1]}" for one in BAD])
async def test_an_answer_that_stays_bad_is_rejected_with_its_reason_and_nothing_is_lost(
    tmp_path: Path, stage: str, kind: str, change: Change, said: str
) -> None:
    grown = await generator(tmp_path, ScriptedModel(Author(stage, change, times=3)), count=3, concurrency=1).grow()
    assert len(grown.environments) + len(grown.rejected) == 3
    assert grown.rejected and all(one.stage == stage and said in one.why for one in grown.rejected)


async def test_copies_of_other_questions_are_listed(tmp_path: Path) -> None:
    same = {"name": "harbour stores", "summary": "All the same."}

    def alike(request: Request) -> ScriptedAnswer:
        answer = right_answer(request)
        if stage_of(request) != "subfields":
            return answer
        ideas: Any = answer.value
        value: Any = {"subfields": [same, *ideas["subfields"][1:]]}
        return ScriptedAnswer(value=value)

    grown = await generator(tmp_path, ScriptedModel(alike), count=4).grow()
    assert [(one.slot, one.stage, one.why) for one in grown.rejected] == [
        ("car-repair.1.1", "subfields", "it is a copy of dental-practice.1 (1.00)")
    ]


async def test_a_stage_is_asked_alone_and_those_before_it_are_only_read(tmp_path: Path) -> None:
    whole = await generator(tmp_path / "whole", ScriptedModel(right_answer)).grow()
    last = Grown()
    for stage in GENERATOR_STAGES:
        model = ScriptedModel(right_answer)
        last = await generator(tmp_path / "parts", model).grow(stage)
        assert {stage_of(one) for one in model.asked} == {stage}
    assert last.environments == whole.environments
    for one in (tmp_path / "whole").iterdir():
        assert one.read_bytes() == (tmp_path / "parts" / one.name).read_bytes()


async def test_a_stage_whose_forerunner_is_missing_says_what_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="run the stage subfields first"):
        await generator(tmp_path, ScriptedModel(right_answer)).grow("tools")


async def test_other_settings_are_refused_and_another_seed_asks_with_other_seeds(tmp_path: Path) -> None:
    first, second = ScriptedModel(right_answer), ScriptedModel(right_answer)
    await generator(tmp_path, first).grow()
    with pytest.raises(RecordError, match="was made with seed 0, and now it is 1"):
        await generator(tmp_path, second, seed=1).grow()
    await generator(tmp_path / "other", second, seed=1, temperature=0.2).grow()
    assert {one.seed for one in first.asked} & {one.seed for one in second.asked} == set()
    assert {one.temperature for one in second.asked} == {0.2}


async def test_a_budget_that_is_spent_ends_the_run_and_a_later_one_goes_on(tmp_path: Path) -> None:
    spent = 9

    def poor(request: Request) -> ScriptedAnswer | Exception:
        nonlocal spent
        spent -= 1
        return right_answer(request) if spent >= 0 else BudgetError("the budget is spent")

    with pytest.raises(BudgetError):
        await generator(tmp_path, ScriptedModel(poor), concurrency=1).grow()
    rest = ScriptedModel(right_answer)
    grown = await generator(tmp_path, rest).grow()
    assert len(rest.asked) == sum(one.asked for one in grown.counts) - 9


KILLED = """
import os, signal, sys
import anyio
from pathlib import Path
from tests.support.author import prompt_of, right_answer, stage_of
from toolworld.environments import Generator, GeneratorOptions, plan_fields
from toolworld.llm import ScriptedModel

folder, left = Path(sys.argv[1]), int(sys.argv[2])

def answer(request):
    global left
    left -= 1
    with open(folder / "asked", "a") as log:
        log.write(f"{stage_of(request)} {hash_of(prompt_of(request))}\\n")
        log.flush()
        os.fsync(log.fileno())
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return right_answer(request)

def hash_of(text):
    import hashlib
    return hashlib.sha256(text.encode()).hexdigest()

async def main():
    plans = plan_fields(("dental practice", "car repair"), 5)
    await Generator(GeneratorOptions(plans, folder / "stages", concurrency=1), ScriptedModel(answer), None).grow()

anyio.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.timeout(240)
def test_killed_at_twenty_random_moments_it_makes_the_same_bytes_and_asks_no_finished_question_again(
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[4]
    draw = random.Random(5)

    def run(folder: Path, left: int) -> int:
        folder.mkdir(exist_ok=True)
        words = [sys.executable, "-c", KILLED, str(folder), str(left)]
        return subprocess.run(words, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False).returncode

    assert run(tmp_path / "whole", 0) == 0
    kills = 0
    while (code := run(tmp_path / "killed", draw.randint(1, 3) if kills < 20 else 0)) != 0:
        assert code == -signal.SIGKILL
        kills += 1
    assert kills >= 15  # the rest of the run may end before another moment comes
    for one in sorted((tmp_path / "whole" / "stages").iterdir()):
        assert one.read_bytes() == (tmp_path / "killed" / "stages" / one.name).read_bytes(), one.name
    asked = Counter((tmp_path / "killed" / "asked").read_text().splitlines())
    once = Counter((tmp_path / "whole" / "asked").read_text().splitlines())
    assert asked.keys() == once.keys()
    # only a question whose answer was on its way when the process was killed is asked again
    assert asked.total() - once.total() == kills


def test_every_environment_has_a_slot_from_the_beginning() -> None:
    for count in (1, 2, 5, 17, 100):
        plans = plan_fields(["a", "b", "A!"], count)
        slots = [slot for plan in plans for _, slot in plan.slots]
        assert len(slots) == len(set(slots)) == count
    assert [plan.id for plan in plan_fields(["a", "b", "A!"], 3)] == ["a", "b", "a-2"]


def test_the_projection_counts_the_questions_that_are_asked() -> None:
    projected = projected_costs(plan_fields(FIELDS, 5))
    assert [one.questions for one in projected] == [2, 4, 5, 5, 5, 5, 5]
    assert all(one.usage.prompt_tokens > 0 and one.usage.completion_tokens > 0 for one in projected)


async def test_stage_files_changed_by_hand_are_refused_in_a_sentence_or_what_is_lost_is_listed(tmp_path: Path) -> None:
    grown = await generator(tmp_path, ScriptedModel(right_answer)).grow()
    path = tmp_path / "1_subfields.jsonl"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lines[0]["value"]["subfields"] = []
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    again = await generator(tmp_path, None).grow()
    assert len(again.environments) + len(again.rejected) == 5 and len(again.environments) < len(grown.environments)
    assert {one.why for one in again.rejected} == {"the files of the stages have nothing of it"}
    lines[0]["value"] = {}
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    with pytest.raises(RecordError, match=r"1_subfields\.jsonl: dental-practice: "):
        await generator(tmp_path, None).grow()


async def test_environments_that_share_most_of_their_words_are_copies(tmp_path: Path) -> None:
    def alike(request: Request) -> ScriptedAnswer:
        answer = right_answer(request)
        if stage_of(request) != "scenarios":
            return answer
        ideas: Any = answer.value
        lamp = {"title": "Lamp Desk"}
        value: Any = {
            "scenarios": [
                {**one, **lamp, "summary": f"Lends a lamp to people. {one['summary']}"} for one in ideas["scenarios"]
            ]
        }
        return ScriptedAnswer(value=value)

    grown = await generator(tmp_path, ScriptedModel(alike), count=2).grow()
    assert len(grown.environments) == 1
    assert [one.why for one in grown.rejected] == ["it is a copy of dental-practice.1.1 (1.00)"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replaced('{"found": rows(', '{"found": [one | {"label": "other"} for one in rows('), "it does not hold that"),
        (replaced("if found is None:", 'if found is None or found["label"] != "none has it":'), "no call of get_"),
    ],
)
async def test_what_only_calls_can_tell_of_a_program_is_found_when_there_are_records(
    tmp_path: Path, change: Change, said: str
) -> None:
    def spoil(value: Any) -> Any:
        made = change(value)
        return {"program": made["program"].replace('s")}', 's")]}') if "[one |" in made["program"] else made["program"]}

    grown = await generator(tmp_path, ScriptedModel(Author("behaviour", spoil)), count=2).grow()
    assert grown.environments == []
    assert {one.stage for one in grown.rejected} == {"records"} and all(said in one.why for one in grown.rejected)
