"""Replies: what is read from them, and with which reason others are rejected."""

from typing import Any

import pytest

from toolworld.datasets import (
    Instance,
    InstanceGenerationParser,
    JSONParser,
    Ok,
    QualityEnhancementParser,
    Reject,
    ResponseGenerationParser,
)
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS

PROMPT = "Write one more.\n\nINPUT: old\nOUTPUT: old\n[END]\n\nINPUT:"


def read(reply: str, parser: Any = None, prompt: str = PROMPT, **formats: str) -> Any:
    found = (parser or InstanceGenerationParser()).parse(prompt, reply, {**DEFAULT_FORMATS, **formats})
    if isinstance(found, Reject):
        return found.reason
    assert isinstance(found, Ok)
    assert found.instance is not None
    return found.instance.instruction, found.instance.response


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("INPUT: a\nOUTPUT: b\n[END]", ("a", "b")),
        ("INPUT: a\nOUTPUT: b [END] and more", ("a", "b [END] and more")),
        ("INPUT: a\nOUTPUT: b\n[END]\nINPUT: c\nOUTPUT: d", ("c", "d")),
        ("a goes on\nOUTPUT: b", ("a goes on", "b")),
        ("Sure!\n**INPUT:** a\n**OUTPUT:** b", ("a", "b")),
        ("## INPUT: a\n## OUTPUT: b", ("a", "b")),
        ("INPUT: convert INPUT: x to y\nOUTPUT: say OUTPUT: x", ("convert INPUT: x to y", "say OUTPUT: x")),
        ("INPUT: a\nOUTPUT: draft\nOUTPUT: final\n[END]", ("a", "final")),
        ("INPUT: a\nOUTPUT:\n```\nOUTPUT: inside\n```\n[END]", ("a", "```\nOUTPUT: inside\n```")),
        ('{"instruction": "a", "response": "b"}', ("a", "b")),
        ('```json\n{"instruction": "a", "response": "b"}\n```', ("a", "b")),
        ("free text", "no_markers"),
        ("OUTPUT: only", "empty"),
        ("INPUT: a\nOUTPUT:\n[END]", "empty"),
        ("INPUT: only", "no_markers"),
        ('{"instruction": 3, "response": "b"}', "no_fields"),
    ],
)
def test_markers_and_objects_are_read_and_all_else_is_rejected(reply: str, expected: Any) -> None:
    assert read(reply) == expected


def test_a_reply_goes_on_from_the_prompt_only_where_that_ends_in_the_marker() -> None:
    assert read("a\nOUTPUT: b", prompt="Write a pair.") == "no_markers"


def test_other_markers_are_those_of_the_formats() -> None:
    formats = {"test_input_trigger": "Revised Question:", "test_output_trigger": "Revised Answer:"}
    assert read("Revised Question: a\nRevised Answer: b", QualityEnhancementParser(), **formats) == ("a", "b")
    assert read("INPUT: a\nOUTPUT: b", QualityEnhancementParser(), **formats) == "no_markers"


@pytest.mark.parametrize(
    ("reply", "prompt", "expected"),
    [
        ("b", "INPUT: q\nOUTPUT:", ("q", "b")),
        ("b", "Answer this: q", "no_markers"),
        ("Well.\nOUTPUT: b\n[END]", "Answer.\nINPUT: q\nOUTPUT:", ("q", "b")),
        ('{"response": "b"}', "INPUT: q\nOUTPUT:", ("q", "b")),
        ("  ", "INPUT: q\nOUTPUT:", "empty"),
    ],
)
def test_a_response_is_read_to_the_instruction_of_its_prompt(reply: str, prompt: str, expected: Any) -> None:
    assert read(reply, ResponseGenerationParser(), prompt) == expected


def test_the_instruction_of_the_row_comes_before_the_one_in_the_prompt() -> None:
    found = ResponseGenerationParser().parse("INPUT: q\nOUTPUT:", "b", DEFAULT_FORMATS, {"instruction": "the row's"})
    assert found == Ok(Instance(instruction="the row's", response="b"))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('Here it is: {"instruction": "a", "response": "b"}', ("a", "b")),
        ("INPUT: a\nOUTPUT: b", ("a", "b")),
        ('{"instruction": "a"}', "no_json"),
        ('{"instruction": "", "response": "b"}', "no_json"),
        ("neither", "no_json"),
    ],
)
def test_json_is_asked_for_first_and_markers_are_taken_as_well(reply: str, expected: Any) -> None:
    assert read(reply, JSONParser()) == expected


def test_other_properties_of_an_object_become_fields() -> None:
    found = JSONParser().parse("", '{"instruction": "a", "response": "b", "answer": 4}', DEFAULT_FORMATS)
    assert found == Ok(Instance(instruction="a", response="b", fields={"answer": 4}))
