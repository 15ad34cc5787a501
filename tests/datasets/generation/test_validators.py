"""Checks of instances: each accepts what is sound, and rejects its own kind of fault with its own reason."""

from pathlib import Path
from typing import Any

import pytest

from toolworld.datasets import (
    AllOf,
    CodeValidator,
    GeneralValidator,
    Instance,
    InstanceGenerationParser,
    MathValidator,
    Ok,
    Reject,
    final_answers,
    same_answer,
    wrong_calculations,
)
from toolworld.datasets.generation.near_duplicates import NearDuplicateFilter
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS
from toolworld.datasets.generation.validators.combined import validated
from toolworld.ground import SpecError

GERMAN = "Die Bäckerei am alten Markt verkauft jeden Morgen frisches Brot und süße Kuchen an viele zufriedene Kunden."
ENGLISH = "The bakery at the old market sells fresh bread and sweet cakes to many happy customers every single morning."


def words_in(text: str) -> int:
    return len(text.split())


def too_plain(instruction: str, response: str) -> str:
    return "too plain"


def says_nothing(instruction: str, response: str) -> None:
    pass


def raises(instruction: str, response: str) -> bool:
    raise ZeroDivisionError("by accident")


def said(outcome: Any) -> str:
    return outcome.reason if isinstance(outcome, Reject) else "ok"


@pytest.mark.parametrize(
    ("settings", "instruction", "response", "expected"),
    [
        ({}, "Say it.", "a", "ok"),
        ({"max_tokens": 10, "tokenizer_name": words_in}, "one " * 6, "two " * 6, "too_long"),
        ({"max_tokens": 12, "tokenizer_name": words_in}, "one " * 6, "two " * 6, "ok"),
        ({"min_response_characters": 3}, "q", "ab", "too_short"),
        ({"min_response_characters": 3}, "q", "abc", "ok"),
        ({"placeholder_formats": DEFAULT_FORMATS}, "q <input2>", "a", "placeholder_left"),
        ({"placeholder_formats": DEFAULT_FORMATS}, "q", "a [END] b", "placeholder_left"),
        (
            {"placeholder_formats": DEFAULT_FORMATS},
            "q",
            "the OUTPUT: column and <input> tags of HTML",
            "placeholder_left",
        ),
        ({"placeholder_formats": DEFAULT_FORMATS}, "q", "what the output: says", "ok"),
        ({"placeholder_formats": DEFAULT_FORMATS}, "q", "INPUT: and OUTPUT: are words as well", "ok"),
        ({}, "{", "a", "no_words"),
        ({}, "2 + 2 = ?", "4", "ok"),
        ({}, "何ですか", "a", "ok"),
        ({}, "What?", "So:\n" + "Output:\n\n" * 9, "repeats_itself"),
        ({}, "What?", "```\n" + "end if\n" * 9 + "```", "ok"),
        ({}, "What?", "Row, row\nRow, row\nYour boat\nRow, row\nDown\nRow, row\nThe stream\nRow, row\nOh\nAh", "ok"),
        ({"forbidden": ["As an AI"]}, "q", "Well, as an ai, I cannot", "forbidden_text"),
        ({"forbidden": ["As an AI"]}, "q", "Well, as a bird", "ok"),
        ({"language": "en"}, "q", ENGLISH, "ok"),
        ({"language": "en"}, "q", GERMAN, "wrong_language"),
        ({"language": "de"}, "q", GERMAN, "ok"),
        ({"language": "en"}, "q", "ja", "ok"),
        ({"language": "en"}, "q", f"```python\n# {GERMAN}\n```", "ok"),
    ],
)
def test_texts_are_checked(settings: dict[str, Any], instruction: str, response: str, expected: str) -> None:
    assert said(GeneralValidator(**settings).validate(instruction, response)) == expected


def test_a_tokenizers_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.json"):
        GeneralValidator(str(tmp_path / "nowhere.json"))


@pytest.mark.parametrize(
    ("response", "fields", "expected"),
    [
        ("48 / 2 = 24\n[RESULT]24[/RESULT]", {}, "ok"),
        ("48 / 2 = 25\n[RESULT]25[/RESULT]", {}, "wrong_calculation"),
        ("it is 24", {}, "no_final_answer"),
        ("[RESULT][/RESULT]", {}, "no_final_answer"),
        ("[RESULT]1[/RESULT] or [RESULT]2[/RESULT]", {}, "several_final_answers"),
        ("Suppose not. Contradiction. Q.E.D.", {}, "ok"),
        ("#### 24", {"answer": "#### 24"}, "ok"),
        (r"so \boxed{\frac{1}{2}}", {"solution": r"Long. \boxed{0.5}"}, "ok"),
        (r"so \boxed{\frac{1}{3}}", {"solution": r"Long. \boxed{0.5}"}, "wrong_answer"),
        ("[RESULT]24 km[/RESULT]", {"answer": "24"}, "ok"),
        ("[RESULT]24 km[/RESULT]", {"answer": "24 miles"}, "wrong_answer"),
        ("[RESULT]24[/RESULT]", {"answer": 24}, "ok"),
        ("[RESULT]24[/RESULT]", {"answer": 25}, "wrong_answer"),
    ],
)
def test_mathematics_is_checked(response: str, fields: dict[str, Any], expected: str) -> None:
    assert said(MathValidator().validate("q", response, {"fields": fields})) == expected


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (r"\frac{3}{4}", "0.75", True),
        ("(x+2)^2", "x^2 + 4x + 4", True),
        ("(x+2)^2", "x^2 + 4x + 5", False),
        (r"3\sqrt{5}", "sqrt(45)", True),
        ("1,250", "1250", True),
        ("(1, 3)", "(3, 1)", False),
        (r"\{1, 3\}", "{3, 1}", True),
        ("2 1/4", "2.25", True),
        ("$12", "12 dollars", True),
        ("$12", "12 euros", False),
        ("60 mph", "60 miles per hour", True),
        ("60 mph", "60 km/h", False),
        ("9 litres", "9 l", True),
        ("9 litres", "9 gallons", False),
        ("4 pounds", "£4", True),
        ("7 frogs", "7", True),
        ("-3", "3", False),
        ("0.3333", "1/3", True),
        ("0.33", "1/3", False),
        ("2^(3^(4^5))", "1", False),
        ("__import__('os').system('true')", "0", False),
    ],
)
def test_answers_are_compared_by_their_values(one: str, other: str, are_same: bool) -> None:
    assert same_answer(one, other) == are_same
    assert same_answer(other, one) == are_same


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("6 * 7 = 42 and 6 × 7 = 42", []),
        ("6 * 7 = 43", ["6 * 7 = 43"]),
        ("<<15+27=43>>43", ["15+27 = 43"]),
        ("100 / 3 = 33.33", []),
        ("100 / 3 = 34", ["100 / 3 = 34"]),
        ("17 / 5 = 3 remainder 2", []),
        ("20% * 50 = 10", []),
        ("20% * 50 = 11", ["20% * 50 = 11"]),
        ("x + 3 + 4 = 10", []),
        ("2^10 = 1,024 and 2^9 = 500", ["2^9 = 500"]),
        ("5 * 6 / 2 = 30 / 2 = 16", ["30 / 2 = 16"]),
    ],
)
def test_calculations_in_a_text_are_done_again(text: str, wrong: list[str]) -> None:
    assert wrong_calculations(text) == wrong


def test_final_answers_are_found_in_the_three_ways_to_mark_them() -> None:
    assert final_answers("[RESULT] 5 [/RESULT]") == ["5"]
    assert final_answers(r"thus \boxed{\frac{1}{\sqrt{2}}}.") == [r"\frac{1}{\sqrt{2}}"]
    assert final_answers("Step\n#### 1,200") == ["1,200"]
    assert final_answers("none") == []
    assert final_answers(r"#### 5, no: [RESULT]6[/RESULT], or \boxed{5}") == [
        "5, no: [RESULT]6[/RESULT], or \\boxed{5}",
        "6",
        "5",
    ]
    assert final_answers("[RESULT]draft [RESULT]6[/RESULT]") == ["6"]
    assert final_answers(r"\boxed{a} \boxed{never") == ["a"]


def block(source: str, language: str = "python") -> str:
    return f"```{language}\n{source}\n```"


@pytest.mark.parametrize(
    ("response", "settings", "expected"),
    [
        (block("def f(): return 1"), {}, "ok"),
        ("def f(): return 1", {}, "not_one_block"),
        (block("a = 1") + "\n" + block("b = 2"), {}, "not_one_block"),
        ("```python\na = 1", {}, "open_fence"),
        ("Here it is:\n" + block("a = 1"), {}, "text_around_code"),
        ("Here it is:\n" + block("a = 1"), {"only_code": False}, "ok"),
        (block("fn main() {}", "rust"), {}, "ok"),
        (block("fn main() {}", "rust"), {"languages": ["Python"]}, "other_language"),
        (block("def f( return"), {}, "syntax_error"),
        (block("  "), {}, "empty"),
    ],
)
async def test_code_is_checked(response: str, settings: dict[str, Any], expected: str) -> None:
    assert said(await CodeValidator(**settings).validate("q", response)) == expected


@pytest.mark.parametrize(
    ("source", "fields", "expected"),
    [
        ("def f(): return 1", {"test_list": ["assert f() == 1"]}, "ok"),
        ("def f(): return 2", {"test_list": ["assert f() == 1"]}, "tests_failed"),
        ("def g(): return 1", {"test_list": ["assert f() == 1"]}, "tests_failed"),
        ("def f(): return math.pi", {"test_imports": ["import math"], "test_list": ["assert f() > 3"]}, "ok"),
        ("def f(): return LIMIT", {"test_setup_code": "LIMIT = 3", "test_list": ["assert f() == 3"]}, "ok"),
        ("def f(): return 1", {"tests": "assert f() == 1"}, "ok"),
        (
            "    return a + b",
            {
                "prompt": "def add(a, b):\n",
                "test": "def check(candidate):\n    assert candidate(1, 2) == 3",
                "entry_point": "add",
            },
            "ok",
        ),
        (
            "def add(a, b):\n    return a - b",
            {
                "prompt": "from typing import List\n\ndef add(a, b):\n",
                "test": "def check(candidate):\n    assert candidate(1, 2) == 3",
                "entry_point": "add",
            },
            "tests_failed",
        ),
        ("def f(): return 2", {}, "ok"),
    ],
)
async def test_code_is_run_against_the_tests_of_its_row(source: str, fields: dict[str, Any], expected: str) -> None:
    assert said(await CodeValidator().validate("q", block(source), {"fields": fields})) == expected


async def test_tests_are_not_run_if_nobody_wants_that() -> None:
    fields = {"test_list": ["assert f() == 1"]}
    assert (
        said(await CodeValidator(run_tests=False).validate("q", block("def f(): return 2"), {"fields": fields})) == "ok"
    )


ESCAPE = (
    "os = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0].__init__.__globals__\n"
)


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ("import os\nwhile True:\n    os.fork()", {"import_not_allowed"}),
        (ESCAPE + "while True:\n    os['fork']()", {"tests_failed", "stopped"}),
        (ESCAPE + "os['system']('touch {folder}/evil')", {"tests_failed", "stopped"}),
        (ESCAPE + "os['open']('{folder}/evil', 65)", {"tests_failed", "stopped"}),
        ("open('{folder}/evil', 'w').write('x')", {"tests_failed"}),
        ("print(open('/etc/passwd').read())", {"tests_failed"}),
        ("import socket\nsocket.create_connection(('127.0.0.1', 9))", {"import_not_allowed"}),
        ("import sys\nsys.exit(0)", {"tests_failed"}),
        ("raise SystemExit(0)", {"tests_failed"}),
        ("while True:\n    pass", {"timeout"}),
        ("9 ** 9 ** 9", {"timeout"}),
        ("x = [0] * 10 ** 9", {"out_of_memory"}),
        ("x = 'a' * 10 ** 10", {"out_of_memory"}),
        ("while True:\n    print('x' * 10_000)", {"out_of_memory", "timeout"}),
        ("def g(): return g()\ng()", {"tests_failed"}),
        ("import threading\nthreading.Thread(target=print).start()", {"import_not_allowed"}),
    ],
)
async def test_hostile_code_costs_its_row_a_rejection(source: str, reasons: set[str], tmp_path: Path) -> None:
    validator = CodeValidator(seconds=1.0, megabytes=256)
    code = source.replace("{folder}", str(tmp_path)) + "\ndef f(): return 1"
    fields = {"test_list": ["assert f() == 1"]}
    assert said(await validator.validate("q", block(code), {"fields": fields})) in reasons
    assert not (tmp_path / "evil").exists()
    assert said(await validator.validate("q", block("def f(): return 1"), {"fields": fields})) == "ok"


async def test_the_first_rejection_of_several_validators_counts() -> None:
    both = AllOf([GeneralValidator(forbidden=["no"]), too_plain])
    instance = Instance(instruction="q", response="a")
    assert await validated(both, instance, {}) == Reject("invalid", "too plain")
    assert said(await validated(both, instance.model_copy(update={"response": "no"}), {})) == "forbidden_text"
    assert await validated(AllOf([GeneralValidator()]), instance, {}) == Ok()


async def test_a_validator_may_be_asynchronous_and_say_anything_that_is_a_verdict() -> None:
    instance = Instance(instruction="q", response="a")

    async def slow(instruction: str, response: str) -> bool:
        return response == "a"

    assert await validated(slow, instance, {}) == Ok()
    assert said(await validated(says_nothing, instance, {})) == "invalid"
    assert await validated(raises, instance, {}) == Reject("validator_failed", "the validator failed: by accident")


def test_near_duplicates_are_told_from_what_is_new() -> None:
    near = NearDuplicateFilter(
        0.7, [("seed/0", "How many apples does the old farmer sell at the big market on Monday?")]
    )
    repeated = near.add("row/0", "How many apples does the old farmer sell at the big market on Friday?")
    assert repeated is not None
    assert repeated.reason == "near_duplicate"
    assert "seed/0" in repeated.detail
    assert near.add("row/0", "What is the area of a triangle with sides 3, 4 and 5 centimetres?") is None
    assert near.add("row/1", "What is the area of a triangle with sides 3, 4 and 6 centimetres?") is not None


N = 200_000
HOSTILE = {
    "boxes that are never closed": "\\boxed{" * (N // 7),
    "results that are never closed": "[RESULT]" * (N // 8),
    "results": "[RESULT]1[/RESULT]" * (N // 18),
    "ticks": "`" * N,
    "fences": "```python\n" * (N // 10),
    "markers": "INPUT: a\nOUTPUT: b\n" * (N // 19),
    "markers and fences": "INPUT: a\n```\nOUTPUT: b\n```\n" * (N // 27),
    "sums": "1+" * (N // 2) + "1 = 3",
    "equations": "1=" * (N // 2),
    "brackets": "(" * N + "1 = 1",
    "blanks": " " * N,
    "minus": "-" * N + "1 = 1",
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_long_reply_takes_time_in_proportion_to_its_length(kind: str) -> None:
    """What takes the square of the length takes minutes here; the limit of time of a test is what fails it."""
    text = HOSTILE[kind]
    InstanceGenerationParser().parse("INPUT:", text, DEFAULT_FORMATS)
    settings: dict[str, Any] = {"max_tokens": 10 * N, "placeholder_formats": DEFAULT_FORMATS}
    assert isinstance(MathValidator(**settings).validate("1 + 1?", text), Reject | Ok)
    assert isinstance(await CodeValidator(**settings).validate("1 + 1?", text), Reject | Ok)


TOWERS = ("9^9^9^9", "(1+x)^100000", "1e999999999", "(x+y+z)^300", "x^{x^{x^x}}", "exp(exp(exp(50)))", "2^{x^{100}}")


@pytest.mark.parametrize("answer", [*TOWERS, "sin(exp(exp(20)))", "x^y^z^w", "exp(200)^5", "((a+b)^200)^200"])
def test_an_answer_that_nobody_could_work_out_is_another_one(answer: str) -> None:
    assert not same_answer(answer, "1")
    assert not same_answer("x", answer)


# fmt: off
RIGHT = (
    "Costs:\n- 5 + 3 = 8", "* 4 * 5 = 20", r"5 \times 3 + 2 = 17", r"\frac{1}{2} \times 4 + 3 = 5", "10 – 3 + 2 = 9",
    "10 * 10 = 10²", "5 books at $3 + $2 = $17", "3 times 4 + 2 = 14", "(30 / 120) * 100 = 25%", "2/3 = 67%",
    "100 + 20% = 120", "15 / 60 = 0.25 (25%)", "12 * 2 = 24 (12 + 12)", "Cost for day 2 = 3 * 4 = 12",
    "LCM of 4 and 6 = 2 * 2 * 3", "17 / 5 = 3, remainder 2", "17 ÷ 5 = 3 R2", "10/3 = 3, rounding down",
    "125 / 60 = 2 hours and 5 minutes", "50,000 * 20 = 1 million", "10 + 4 = 2 pm", "1/3 = 0.33", "2/3 = 0.66",
)
WRONG = (
    "0.1 + 0.1 = 0.3", "$19.99 + $5 = $25.00", "1/3 = 0.4", "10/4 = 2.6", "**7 * 8 = 54**", "7 x $8 = $54",
    r"5 \times 3 = 16", "So he has 20 - 5 - 3 = 11 left", "48/2 = <<48/2=23>>23 clips", "She pays 3 * 4 = 13 dollars.",
)
DIFFERENT = (
    ("pi/4", "4"), ("36pi", "36"), ("sqrt 5", "5"), ("minus 5", "5"), ("3 am", "3 pm"), ("$5 million", "$5"),
    ("3 dozen", "3"), ("1000000007", "1000000008"), ("10^{-10}", "10^{-11}"), ("[0,1]", "(0,1)"), ("(1,200)", "1200"),
    ("12 in", "12 cm"), ("5 square meters", "5 square feet"), ("5%", "$5"), ("abs(x)", "x"), ("xy/2", "2"),
)
EQUAL = (
    (r"\frac{\pi}{2}", "pi/2"), ("10{,}000", "10000"), ("[2,5)", "[2, 5)"), (r"(-\infty,3)", r"(-\infty, 3)"),
    ("The answer is 18", "18"), ("5 square meters", "5 square metres"), ("50%", "50"),
)
# fmt: on


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_text_is_not_called_wrong(text: str) -> None:
    assert wrong_calculations(text) == []


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_calculation_is_seen(text: str) -> None:
    assert len(wrong_calculations(text)) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_answers_that_only_look_alike_are_told_apart(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_answers_that_only_look_different_are_the_same(one: str, other: str) -> None:
    assert same_answer(one, other)
    assert same_answer(other, one)
