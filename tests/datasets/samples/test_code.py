"""Calls in code: read as Python, never run, whatever a stranger writes."""

import pytest

from toolworld.datasets import calls_in_code, code_of
from toolworld.datasets.samples.code import MAX_CODE, SOURCE, calls_line_by_line
from toolworld.environments import Call


def names(code: str) -> list[str]:
    return [call.name for call in calls_in_code(code)]


def test_values_are_read_and_variables_keep_their_source() -> None:
    [call] = calls_in_code("f('a', 1, x=[1, 'b'], y=None, z=-2.5, w=other, v=(1, 2))")
    assert call.arguments == {
        "0": "a", "1": 1, "x": [1, "b"], "y": None, "z": -2.5, "w": {SOURCE: "other"}, "v": [1, 2],
    }  # fmt: skip
    assert calls_in_code(code_of([call])) == (call,)


def test_lines_that_belong_together_are_read_together() -> None:
    assert names("for x in range(3):\n    send(x)\n    ") == ["range", "send"]
    assert names("f(\n  g()\n)\nh()") == ["g", "f", "h"]
    assert names('text = """\nnot(a)call\n"""\nf(text)') == ["f"]


def test_a_line_that_cannot_be_read_empties_the_code_but_not_the_other_lines() -> None:
    code = "f(x=1)\nbroken(\ng()"
    assert calls_in_code(code) == ()
    assert [call.name for call in calls_line_by_line(code)] == ["f", "g"]


@pytest.mark.parametrize(
    "code",
    ["f(" * 5_000 + ")" * 5_000, "(" * 100_000, "x" * (MAX_CODE + 1), "f(\0)", "\ud800()", "1" * 10_000, "a=" * 9_000],
)
def test_code_of_a_stranger_is_bounded(code: str) -> None:
    assert calls_line_by_line(code) == ()


def test_many_calls_are_read() -> None:
    calls = [Call(name="f", arguments={"x": number}) for number in range(2_000)]
    assert calls_in_code(code_of(calls)) == tuple(calls)


def test_a_value_that_cannot_be_shown_is_no_reason_to_fail() -> None:
    deep = "f(x=" + "a." * 900 + "a)"
    for code in (deep, "f(x=" + "-" * 900 + "1)", "f(x=" + "9" * 30 + ")", "f(x={1, 2})", "f(x=b'x')"):
        [call] = calls_in_code(code)
        value = call.arguments["x"]
        assert isinstance(value, dict) and list(value) == [SOURCE]
