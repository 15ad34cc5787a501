"""Prompts: what they show, what they refuse, and what they depend on."""

from collections import Counter
from random import Random

import pytest

from toolworld.datasets import (
    Choice,
    Demonstration,
    Draw,
    InstanceGenerationPromptLoader,
    JSONPromptLoader,
    Order,
    QualityEnhancementPromptLoader,
    ResponseGenerationPromptLoader,
    ThemeBasedInstanceGenerationPromptLoader,
    load_prompt_loader,
)
from toolworld.datasets.generation.loaders.instances import PromptTooLongError
from toolworld.ground import SpecError, UsageError

SEEDS = [{"instruction": f"seed question {number}", "response": f"seed answer {number}"} for number in range(5)]
TEMPLATE = "<input1>|<output1>\n<input2>|<output2>\n<input3>|<output3>"


def accepted(count: int) -> list[Demonstration]:
    return [Demonstration(f"row/{number}", f"new question {number}", f"new answer {number}") for number in range(count)]


def drawn(number: int, rows: list[Demonstration]) -> Draw:
    return Draw(number, Random(f"0/{number}"), rows)


def test_each_prompt_shows_exactly_one_generated_demonstration_and_none_twice() -> None:
    loader = InstanceGenerationPromptLoader(TEMPLATE, SEEDS, 3, None, 2)
    rows, counts = accepted(200), Counter[str]()
    for number in range(2_000):
        shown = loader.prompt_for(drawn(number, rows)).metadata["demonstrations"]
        assert len({*shown}) == 3
        assert sum(one.startswith("row/") for one in shown) == 1
        counts.update(shown)
    assert {f"seed/{number}" for number in range(5)} <= counts.keys()
    assert max(counts[f"seed/{number}"] for number in range(5)) < 2 * min(
        counts[f"seed/{number}"] for number in range(5)
    )
    assert sum(name.startswith("row/") for name in counts) > 190


def test_seeds_stand_in_while_nothing_is_accepted() -> None:
    loader = InstanceGenerationPromptLoader(TEMPLATE, SEEDS, 3, None, 2)
    for number in range(200):
        shown = loader.prompt_for(drawn(number, [])).metadata["demonstrations"]
        assert len({*shown}) == 3
        assert all(one.startswith("seed/") for one in shown)


def test_rows_of_the_caller_are_left_as_they_are() -> None:
    given = [dict(row) for row in SEEDS]
    loader = InstanceGenerationPromptLoader(TEMPLATE, given, 3)
    loader.prompt_for(drawn(0, accepted(9)))
    assert given == SEEDS


def test_what_a_demonstration_says_is_never_taken_for_a_placeholder() -> None:
    tricky = [
        {"instruction": f"print <input{number % 3 + 1}> {number}", "response": "<output2>"} for number in range(3)
    ]
    loader = InstanceGenerationPromptLoader(TEMPLATE, tricky, 3)
    prompt = loader.prompt_for(drawn(0, [])).prompt
    assert prompt.count("<output2>") == 3
    assert sum(prompt.count(f"print <input{number}>") for number in (1, 2, 3)) == 3


def test_ten_demonstrations_are_told_apart() -> None:
    seeds = [{"instruction": f"q{number}", "response": f"a{number}"} for number in range(12)]
    template = "\n".join(f"<input{number}>=<output{number}>" for number in range(1, 11))
    prompt = InstanceGenerationPromptLoader(template, seeds, 10).prompt_for(drawn(3, [])).prompt
    pairs = [line.split("=") for line in prompt.splitlines()]
    assert all(question[1:] == answer[1:] for question, answer in pairs)
    assert len(pairs) == 10


@pytest.mark.parametrize(
    ("template", "formats", "told"),
    [
        ("<input1>|<output1>\n<input2>|<output2>\n<input3>", None, "<output3>"),
        (TEMPLATE + "<input4>", None, "<input4>"),
        (TEMPLATE + " about <input_theme>", None, "<input_theme>"),
        (TEMPLATE + " about [topic]", {"topic": "[topic]"}, "[topic]"),
        ("no placeholder at all", None, "<input1>"),
    ],
)
def test_a_placeholder_that_is_missing_or_that_nobody_fills_is_refused(
    template: str, formats: dict[str, str] | None, told: str
) -> None:
    with pytest.raises(SpecError, match=told.replace("[", r"\[").replace("]", r"\]")):
        InstanceGenerationPromptLoader(template, SEEDS, 3, formats)


@pytest.mark.parametrize(("fewshot", "from_seeds"), [(0, 0), (6, 2), (3, 4), (3, -1)])
def test_numbers_of_demonstrations_that_cannot_be_are_refused(fewshot: int, from_seeds: int) -> None:
    with pytest.raises(UsageError):
        InstanceGenerationPromptLoader(TEMPLATE, SEEDS, fewshot, None, from_seeds)


def test_a_seed_without_a_response_is_refused_by_its_number() -> None:
    with pytest.raises(SpecError, match="seed 1"):
        InstanceGenerationPromptLoader(TEMPLATE, [SEEDS[0], {"instruction": "x"}, SEEDS[1]], 3)


def test_placeholders_may_be_written_otherwise() -> None:
    formats = {"demonstration_input_placeholder": "{{q@}}", "demonstration_output_placeholder": "{{a@}}"}
    loader = InstanceGenerationPromptLoader("{{q1}} {{a1}} {{q2}} {{a2}} {{q3}} {{a3}}", SEEDS, 3, formats)
    assert "{{" not in loader.prompt_for(drawn(0, [])).prompt


def test_themes_and_first_words_are_drawn_and_named() -> None:
    loader = ThemeBasedInstanceGenerationPromptLoader(
        TEMPLATE + "\n<input_theme> <first_word>", SEEDS, 3, 2, None, ["ships", "bread"], ["Why", "List"]
    )
    made = [loader.prompt_for(drawn(number, [])) for number in range(50)]
    assert {one.metadata["chosen_theme"] for one in made} == {"ships", "bread"}
    assert {one.metadata["chosen_trigger"] for one in made} == {"Why", "List"}
    assert all(one.prompt.endswith(f"{one.metadata['chosen_theme']} {one.metadata['chosen_trigger']}") for one in made)


def test_json_demonstrations_are_json_strings() -> None:
    seeds = [{"instruction": 'say "hi"', "response": "a\nb"}] * 3
    prompt = JSONPromptLoader(TEMPLATE, seeds, 3).prompt_for(drawn(0, [])).prompt
    assert prompt.splitlines() == ['"say \\"hi\\""|"a\\nb"'] * 3


def test_the_same_draw_gives_the_same_prompt_and_another_another() -> None:
    loader = InstanceGenerationPromptLoader(TEMPLATE, SEEDS, 3, None, 2)
    rows = accepted(50)
    assert loader.prompt_for(drawn(4, rows)) == loader.prompt_for(drawn(4, rows))
    assert len({loader.prompt_for(drawn(number, rows)).prompt for number in range(30)}) > 25


@pytest.mark.parametrize(
    ("order", "expected"),
    [("seeds_first", ["seed/", "seed/", "row/"]), ("seeds_last", ["row/", "seed/", "seed/"])],
)
def test_demonstrations_stand_in_the_order_that_is_stated(order: Order, expected: list[str]) -> None:
    loader = InstanceGenerationPromptLoader(TEMPLATE, SEEDS, 3, None, 2, order=order)
    for number in range(20):
        shown = loader.prompt_for(drawn(number, accepted(9))).metadata["demonstrations"]
        assert [one[: one.index("/") + 1] for one in shown] == expected


def test_short_demonstrations_come_first_if_so_ordered() -> None:
    seeds = [{"instruction": "x" * size, "response": "y"} for size in (50, 5, 500)]
    loader = InstanceGenerationPromptLoader(TEMPLATE, seeds, 3, order="short_first")
    assert loader.prompt_for(drawn(1, [])).metadata["demonstrations"] == ["seed/1", "seed/0", "seed/2"]


@pytest.mark.parametrize(("by", "expected"), [("similar", True), ("diverse", False)])
def test_demonstrations_are_chosen_by_what_they_share(by: Choice, expected: bool) -> None:
    alike = [{"instruction": f"how many red apples has farmer {name}", "response": "1"} for name in ("A", "B", "C")]
    others = [
        {"instruction": text, "response": "1"} for text in ("triangle angle sum", "prime below ninety", "ship speed")
    ]
    loader = InstanceGenerationPromptLoader(TEMPLATE, alike + others, 3, choose=by)
    apples = [
        sum(
            int(one.removeprefix("seed/")) < 3
            for one in loader.prompt_for(drawn(number, [])).metadata["demonstrations"]
        )
        for number in range(60)
    ]
    assert (3 in apples) == expected
    assert max(apples) == (3 if expected else 1)


def test_a_prompt_is_kept_within_the_window_by_shorter_demonstrations() -> None:
    seeds = [{"instruction": "long " * 300, "response": "a"}] * 2 + SEEDS
    free = InstanceGenerationPromptLoader(TEMPLATE, seeds, 3)
    kept = InstanceGenerationPromptLoader(
        TEMPLATE, seeds, 3, max_prompt_tokens=200, tokenizer=lambda text: len(text) // 4
    )
    assert any("long long" in free.prompt_for(drawn(number, [])).prompt for number in range(30))
    for number in range(30):
        made = kept.prompt_for(drawn(number, []))
        assert len(made.prompt) // 4 <= 200
        assert len({*made.metadata["demonstrations"]}) == 3


def test_a_window_that_nothing_fits_into_is_said() -> None:
    long = [{"instruction": "long " * 300, "response": "a"}] * 3
    loader = InstanceGenerationPromptLoader(TEMPLATE, long, 3, max_prompt_tokens=100, tokenizer=len)
    with pytest.raises(PromptTooLongError, match="100 tokens"):
        loader.prompt_for(drawn(0, []))


def test_rows_are_prepared_one_by_one_and_end() -> None:
    loader = ResponseGenerationPromptLoader("Q: <input>\nOUTPUT:", [{"instruction": "a", "answer": "1"}])
    made = loader.prepare(0)
    assert made.prompt == "Q: a\nOUTPUT:"
    assert made.metadata["fields"] == {"answer": "1"}
    with pytest.raises(StopIteration):
        loader.prepare(1)


def test_pairs_to_improve_need_a_response() -> None:
    with pytest.raises(SpecError, match="row 0"):
        QualityEnhancementPromptLoader("<input> <output>", [{"instruction": "a"}])
    with pytest.raises(SpecError, match="<output>"):
        QualityEnhancementPromptLoader("<input>", [{"instruction": "a", "response": "b"}])


def test_loaders_have_agoras_names_of_methods() -> None:
    assert isinstance(
        load_prompt_loader("instance_generation", prompt_template=TEMPLATE, seed_data=SEEDS, num_fewshot=3),
        InstanceGenerationPromptLoader,
    )
    with pytest.raises(UsageError, match="quality_enhancement"):
        load_prompt_loader("back_translation")
