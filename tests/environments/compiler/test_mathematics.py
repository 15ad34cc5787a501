"""The pack of mathematics: held against Python's own `math` and `statistics`, which programs do not have."""

import math
import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolworld.environments import Call, Operation, Parameter, Runtime, Toolset, compile_toolset, self_check, settled
from toolworld.ground import JsonSchema, JsonValue

NUMBER: JsonSchema = {"type": "number"}
WHOLE: JsonSchema = {"type": "integer"}
TEXT: JsonSchema = {"type": "string"}
NUMBERS: JsonSchema = {"type": "array", "items": NUMBER}
TOOLS: dict[str, dict[str, JsonSchema]] = {
    "absolute_value": {"number": NUMBER},
    "add": {"a": NUMBER, "b": NUMBER},
    "calculate": {"expression": TEXT},
    "convert_units": {"value": NUMBER, "from_unit": TEXT, "to_unit": TEXT},
    "calculate_mean": {"numbers": NUMBERS},
    "divide": {"a": NUMBER, "b": NUMBER},
    "factorial": {"n": WHOLE},
    "gallon_to_liter": {"gallon": NUMBER},
    "convert_celsius_to_fahrenheit": {"degrees": NUMBER},
    "gcd": {"a": WHOLE, "b": WHOLE},
    "lcm": {"a": WHOLE, "b": WHOLE},
    "logarithm": {"value": NUMBER, "base": NUMBER, "precision": WHOLE},
    "max_value": {"numbers": NUMBERS},
    "median": {"numbers": NUMBERS},
    "min_value": {"numbers": NUMBERS},
    "mode": {"numbers": NUMBERS},
    "multiply": {"a": NUMBER, "b": NUMBER},
    "percentage": {"part": NUMBER, "whole": NUMBER},
    "power": {"base": NUMBER, "exponent": NUMBER},
    "round_number": {"number": NUMBER, "decimal_places": WHOLE},
    "square_root": {"number": NUMBER, "precision": WHOLE},
    "standard_deviation": {"numbers": NUMBERS},
    "subtract": {"a": NUMBER, "b": NUMBER},
    "sum_values": {"numbers": NUMBERS},
    "variance": {"numbers": NUMBERS},
}


def tool(name: str, parameters: dict[str, JsonSchema], response: JsonSchema) -> Operation:
    given = tuple(Parameter(one, one, schema, required=True) for one, schema in parameters.items())
    return Operation(name=name, original=name, description=f"{name}.", parameters=given, response=response)


def runtime_of(*operations: Operation) -> Runtime:
    compiled = compile_toolset(Toolset("calculator", "Calculator", "mathematics", "Mathematics.", operations))
    checked = self_check(compiled)
    assert not checked.failed
    return Runtime(settled(compiled, checked.failed, checked.verified))


@pytest.fixture(scope="module")
def calculator() -> Runtime:
    result: JsonSchema = {"type": "object", "properties": {"result": NUMBER}}
    return runtime_of(*(tool(name, given, result) for name, given in TOOLS.items()))


async def answer(runtime: Runtime, name: str, *values: JsonValue) -> JsonValue:
    """What a tool gives, or the code of its error."""
    arguments = dict(zip(runtime.tool(name).parameters, values, strict=True))
    event, _ = await runtime.step(runtime.start, Call(name=name, arguments=arguments))
    if event.failure is not None:
        return event.failure.code
    assert isinstance(event.result, dict)
    return event.result["result"]


async def test_every_tool_has_a_program_that_only_reads(calculator: Runtime) -> None:
    for one in calculator.environment.tools:
        assert one.inferred is not None
        assert (one.name, one.inferred.reach != "none", one.effect) == (one.name, True, "read")


sensible = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda one: round(one, 4))
positive = st.floats(min_value=1e-6, max_value=1e9, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(sensible, min_size=1, max_size=12))
async def test_statistics_are_those_of_python(calculator: Runtime, numbers: list[float]) -> None:
    theirs: dict[str, Callable[[list[float]], float]] = {
        "calculate_mean": statistics.fmean,
        "median": statistics.median,
        "mode": statistics.mode,
        "variance": statistics.pvariance,
        "standard_deviation": statistics.pstdev,
        "max_value": max,
        "min_value": min,
        "sum_values": math.fsum,
    }
    for name, function in theirs.items():
        assert await answer(calculator, name, [*numbers]) == pytest.approx(function(numbers), rel=1e-9, abs=1e-4), name


@settings(max_examples=80, deadline=None)
@given(positive, st.floats(min_value=0.01, max_value=20), st.floats(min_value=-8, max_value=8))
async def test_roots_logarithms_and_powers_are_those_of_python(
    calculator: Runtime, number: float, base: float, exponent: float
) -> None:
    root = await answer(calculator, "square_root", number, 12)
    assert root == pytest.approx(math.sqrt(number), rel=1e-11, abs=1e-11)
    if abs(base - 1) > 1e-3:
        found = await answer(calculator, "logarithm", number, base, 9)
        assert found == pytest.approx(math.log(number, base), rel=1e-8, abs=1e-8)
    assert await answer(calculator, "power", base, exponent) == pytest.approx(base**exponent, rel=1e-9)


@pytest.mark.parametrize(
    ("value", "unit_in", "unit_out", "expected"),
    [
        (1, "mile", "kilometers", 1.609344),
        (10, "Inches", "cm", 25.4),
        (2, "pounds", "kg", 0.90718474),
        (1, "US gallon", "l", "invalid_argument"),
        (1, "gallon", "litres", 3.785411784),
        (212, "Fahrenheit", "celsius", 100),
        (0, "C", "K", 273.15),
        (90, "km/h", "m/s", 25),
        (2, "hours", "minutes", 120),
        (3, "feet", "yard", 1),
        (1, "kg", "m", "invalid_argument"),
        (1, "parsnip", "m", "invalid_argument"),
    ],
)
async def test_units_are_converted_exactly(
    calculator: Runtime, value: float, unit_in: str, unit_out: str, expected: JsonValue
) -> None:
    found = await answer(calculator, "convert_units", value, unit_in, unit_out)
    assert found == (pytest.approx(expected, rel=1e-9) if isinstance(expected, int | float) else expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("-2 ^ 2", -4),
        ("2 ** 3 ** 2", 512),
        ("7 // 2 + 7 % 4", 6),
        ("10 / 4", 2.5),
        ("4 ** 0.5", 2),
        ("1 / 0", "invalid_argument"),
        ("2 +", "invalid_argument"),
        ("(1", "invalid_argument"),
        ("__import__('os')", "invalid_argument"),
        ("9 ** 9 ** 9", "invalid_argument"),
        ("", "invalid_argument"),
    ],
)
async def test_expressions_are_calculated_or_refused(calculator: Runtime, expression: str, expected: JsonValue) -> None:
    assert await answer(calculator, "calculate", expression) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("divide", (1, 0), "invalid_argument"),
        ("percentage", (30, 120), 25),
        ("percentage", (1, 0), "invalid_argument"),
        ("factorial", (20,), math.factorial(20)),
        ("factorial", (-1,), "invalid_argument"),
        ("gallon_to_liter", (2,), 7.570823568),
        ("convert_celsius_to_fahrenheit", (100,), 212),
        ("gcd", (84, 36), 12),
        ("lcm", (4, 6), 12),
        ("square_root", (-4, 2), "invalid_argument"),
        ("logarithm", (1000, 10, 6), 3),
        ("logarithm", (0, 10, 6), "invalid_argument"),
        ("power", (-8, 1 / 3), "invalid_argument"),
        ("power", (10, 400), "invalid_argument"),
        ("multiply", (1e300, 1e300), "invalid_argument"),
        ("factorial", (1000,), "invalid_argument"),
        ("round_number", (2.34567, 2), 2.35),
    ],
)
async def test_what_has_no_answer_is_refused(
    calculator: Runtime, name: str, values: tuple[JsonValue, ...], expected: JsonValue
) -> None:
    assert await answer(calculator, name, *values) == expected


async def test_an_empty_list_has_no_mean(calculator: Runtime) -> None:
    assert await answer(calculator, "calculate_mean", []) == "invalid_argument"


async def test_a_result_that_is_one_value_is_given_as_its_document_says() -> None:
    runtime = runtime_of(tool("calculate", {"expression": TEXT}, TEXT), tool("add", {"a": NUMBER, "b": NUMBER}, NUMBER))
    for name, arguments, expected in (("calculate", {"expression": "1 + 1"}, "2"), ("add", {"a": 1, "b": 2}, 3)):
        event, _ = await runtime.step(runtime.start, Call(name=name, arguments=dict[str, JsonValue](arguments)))
        assert event.result == expected


@pytest.mark.parametrize(
    ("name", "given", "values", "expected"),
    [
        ("percentage", {"whole": NUMBER, "part": NUMBER}, (50, 10), 20),
        ("divide", {"divisor": NUMBER, "dividend": NUMBER}, (2, 10), 5),
        ("power", {"exponent": NUMBER, "base": NUMBER}, (2, 10), 100),
        ("logarithm", {"base": NUMBER, "value": NUMBER}, (10, 1000), 3),
        ("subtract", {"subtrahend": NUMBER, "minuend": NUMBER}, (3, 10), 7),
    ],
)
async def test_arguments_are_taken_by_what_they_are_called(
    name: str, given: dict[str, JsonSchema], values: tuple[JsonValue, ...], expected: float
) -> None:
    runtime = runtime_of(tool(name, given, {"type": "object", "properties": {"result": NUMBER}}))
    assert await answer(runtime, name, *values) == expected


async def test_a_result_stands_under_its_own_name_and_a_parameter_may_be_called_as_a_variable() -> None:
    told: JsonSchema = {"type": "object", "properties": {"error": TEXT, "mean": NUMBER, "row": NUMBERS}}
    runtime = runtime_of(tool("mean", {"numbers": NUMBERS}, told))
    event, _ = await runtime.step(runtime.start, Call(name="mean", arguments={"numbers": [3, 4]}))
    assert event.result == {"mean": 3.5}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("factorial", (25,), float(math.factorial(25))),
        ("power", (10, 30), 1e30),
        ("power", (0.5, -2000), "invalid_argument"),
        ("power", (9, 1.5), 27),
        ("multiply", (9_000_000_000_000_000_000, 9_000_000_000_000_000_000), 8.1e37),
        ("calculate", ("10^25",), 1e25),
        ("calculate", ("(" * 3000,), "invalid_argument"),
        ("convert_units", (500, "feet", "inches"), 6000),
        ("convert_units", (8, "Mb", "MB"), "invalid_argument"),
    ],
)
async def test_large_numbers_and_long_texts_break_nothing(
    calculator: Runtime, name: str, values: tuple[JsonValue, ...], expected: JsonValue
) -> None:
    assert await answer(calculator, name, *values) == expected


def test_a_program_has_only_what_its_tools_need() -> None:
    result: JsonSchema = {"type": "object", "properties": {"result": NUMBER}}
    program = runtime_of(tool("add", {"a": NUMBER, "b": NUMBER}, result)).environment.behaviour or ""
    assert "def _do_add" in program
    assert "_UNITS" not in program


def test_tools_that_only_sound_like_mathematics_are_left_alone() -> None:
    result: JsonSchema = {"type": "object", "properties": {"total": NUMBER}}
    others = (
        tool("add", {"item_id": TEXT, "quantity": WHOLE}, result),
        tool("sum", {"cart_id": TEXT}, result),
        tool("power", {"device_id": TEXT, "on": {"type": "boolean"}}, result),
        tool("divide", {"a": NUMBER, "b": NUMBER, "team": TEXT}, result),
        tool("convert_units", {"value": NUMBER, "to_unit": TEXT}, result),
        tool("draft_to_order", {"draft": NUMBER}, result),
        tool("add", {"item_id": WHOLE, "quantity": WHOLE}, {"type": "object", "properties": {"status": TEXT}}),
        tool("power", {"device_id": WHOLE, "level": WHOLE}, result),
        tool("calculate", {"address": TEXT}, {"type": "object", "properties": {"cost": NUMBER}}),
        tool("evaluate", {"essay": TEXT}, result),
        tool("negative_to_positive", {"value": NUMBER}, result),
        tool("gallon_to_mile", {"gallon": NUMBER}, result),
        tool("mass_to_volume", {"value": NUMBER}, result),
        replace(tool("variance", {"numbers": NUMBERS}, result), description="Sample variance (n-1)."),
        Operation("mean", "mean", "Mean.", (Parameter("numbers", "numbers", NUMBERS, required=False),), result),
    )
    for one in others:
        compiled = compile_toolset(Toolset("shop", "Shop", "retail", "A shop.", (one,)))
        assert "_do_" not in (compiled.environment.behaviour or ""), one.name
