"""The language of programs: what is refused, with the place and what to write instead, and what runs as in Python."""

from datetime import UTC, datetime
from typing import Any

import pytest

from toolworld.environments.behaviour.compiler import compile_program
from toolworld.environments.behaviour.engine import Engine
from toolworld.environments.behaviour.host_functions import HostFunctions, Position
from toolworld.environments.behaviour.language import MAX_NESTING, ProgramError
from toolworld.environments.behaviour.program import Program
from toolworld.environments.behaviour.program_check import check_source
from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.state import State
from toolworld.ground import SimulationError, SpecError

EMPTY = State(Baseline({}, {}))


def errors(source: str) -> list[ProgramError]:
    return check_source(source).errors


def in_function(statement: str) -> str:
    body = "\n    ".join(statement.split("\n"))
    return f"def t(a=1, b=2):\n    {body}\n"


def run(statement: str, **arguments: Any) -> Any:
    """What a function with this body returns."""
    return Program(compile_program(in_function(statement)), HostFunctions({}, ()).functions).call("t", arguments)


REFUSED = {
    # reaching out of the program
    "return ().__class__": "`.__class__` is only for the call of a method",
    "return ().__class__()": "no method `__class__`",
    "return a.b": "a field is read as `record['b']`",
    "return __builtins__": "begins with two underscores",
    "return ｅval('1')": "there is no `eval`",
    "return ＿＿builtins＿＿": "invalid character",
    "return globals()": "there is no `globals`",
    "return getattr(a, 'x')": "there is no `getattr`",
    "return open('/etc/passwd')": "there is no `open`",
    "return eval('1')": "there is no `eval`",
    "import os": "`import` is not in the language",
    "from os import system": "`import` is not in the language",
    "return '{0.__class__}'.format(a)": "no method `format`",
    "return '{a}'.format_map(a)": "no method `format_map`",
    "return f'{a:{b}}'": "a format is written out and plain",
    "return f'{a:999999999d}'": "a format is written out and plain",
    "return f'{a!a}'": "`!a` is not in the language",
    "return a.encode()": "no method `encode`",
    # functions as values
    "return str(t)": "`t` is a function",
    "return [len]": "`len` is a function",
    "return str(get)": "`get` is a function",
    "f = t\nreturn f()": "`t` is a function",
    "return (lambda: 1)()": "only functions and methods are called",
    "f = lambda x: x\nreturn f(1)": "a lambda stands only as a `key=`",
    "return t()()": "only functions and methods are called",
    "return [t][0]()": "only functions and methods are called",
    "return a()": "`a` is a variable",
    "return sorted([2, 1], key=a)": "a `key=` is a function or a lambda",
    "return dict(key=len)": "`len` is a function",
    # what is not in the language, with what is written instead
    "while a:\n    a = a - 1": "write `for _ in range(limit):`",
    "try:\n    return 1\nexcept Exception:\n    return 2": "look first, with `if`",
    "raise ValueError('x')": "write `fail(code, message)`",
    "assert a": "`if ...: fail(code, message)`",
    "class A:\n    pass": "write a record as a dict",
    "return {1, 2}": "a set has no order",
    "return {x for x in [1]}": "a set has no order",
    "x = {}\ndel x['a']": "write `values.pop(key)`",
    "global x\nx = 1": "`global` is not in the language",
    "def u():\n    return 1\nreturn u()": "write it at the top level",
    "with a as x:\n    return x": "`with` is not in the language",
    "match a:\n    case 1:\n        return 1": "write `if` and `elif`",
    "return [y := 1, y]": "assign on a line of its own",
    "yield 1": "build a list and return it",
    "return a ** b": "write the product out",
    "return a << 99": "multiply",
    "return a & b": "for conditions write `and`",
    "return ~a": "for conditions write `not`",
    "a **= 2": "write the product out",
    "x = [1]\nx[0:0] = x": "a slice is not assigned to",
    "x, *y = [1, 2]": "take a slice",
    "return dict(**{'a': 1})": "write the arguments out",
    "for x in [1]:\n    pass\nelse:\n    return 2": "`else` of a loop",
    "x: int": "a variable without a value",
    "(1).x = 2": "is only for the call of a method",
    "return type(a)": "write `isinstance(value, str)`",
    "return 'a %s' % a": "`%` does not format a text here: write an f-string",
    "return frozenset([a])": "there are no sets",
    "return map(str, [a])": "write a comprehension",
    "return datetime.today()": "dates are texts",
    "return a.isoformat()": "dates are texts",
    "return isinstance(a, get)": "a type is one of bool, dict",
    "return isinstance(a, (int, (str, list)))": "a type is one of bool, dict",
    "return isinstance(a)": "isinstance takes a value and a type",
    # values that JSON has not
    "return b'a'": "a bytes is not in the language",
    "return 1j": "a complex is not in the language",
    "return ...": "a ellipsis is not in the language",
    "return 1e999": "this number is too large",
    "return 99999999999999999999999": "an integer has at most 64 bits",
    "return '\\ud800'": "half of a character",
    # whose value depends on which objects there are
    "return a is b": "write `==`",
    "return a is not 'x'": "write `==`",
    "sorted([], key=lambda t: t)\nreturn str(t)": "`t` is a function",
    "x = [t for t in [1]]\nreturn str(t)": "`t` is a function",
    "x: (t := 1) = 0\nreturn str(t)": "`t` is a function",
    # names
    "sorted = 1\nreturn sorted": "`sorted` is a function; name the variable otherwise",
    "for get in [1]:\n    pass": "`get` is a function; name the variable otherwise",
    "return gte('x', 'y')": "did you mean `get`?",
    "return 'a'.lowr()": "did you mean `lower`?",
    "naïve = 1\nreturn naïve": "letters that are not ASCII",
}
TOP_LEVEL = {
    "x = get('shop')": "a constant is written out",
    "x = [1] * 1000000": "a constant is written out",
    "x = [0]\ny = [x, x]": "a constant is written out",
    "x = f'{1}'": "a constant is written out",
    "fail('a', 'b')": "only functions and constants",
    "for x in [1]:\n    pass": "only functions and constants",
    "x = {}\nx['a'] = 1": "a constant has a name of its own",
    "get = 1": "`get` is a function; name the variable otherwise",
    "def len(x):\n    return 1": "`len` is a function of the language",
    "def t():\n    return 1\ndef t():\n    return 2": "two functions named `t`",
    "def __t__():\n    return 1": "begins with two underscores",
    "@get\ndef t():\n    return 1": "a decorator",
    "def t(*a):\n    return a": "name each",
    "def t(**a):\n    return a": "name each",
    "def t(a, /):\n    return a": "name each",
    "def t(a=[]):\n    return a": "a default is a plain value",
    "def t(a=get('shop')):\n    return a": "a default is a plain value",
    "def t(__a=1):\n    return 1": "begins with two underscores",
    "async def t():\n    return 1": "`async` is not in the language",
    "def t(\n": "was never closed",
    "x = '" + "a" * 100_000 + "'": "at most 100,000 bytes",
    "def t():\n    return " + "-" * 90 + "1": f"nested more than {MAX_NESTING} levels deep",
    "def t():\n    return " + "(" * 20_000 + ")" * 20_000: "too many nested parentheses",
    "\0": "source code string cannot contain null bytes",
}


@pytest.mark.parametrize("source", [*map(in_function, REFUSED), *TOP_LEVEL])
def test_what_is_not_in_the_language_is_refused_with_what_to_write_instead(source: str) -> None:
    wanted = {**{in_function(statement): why for statement, why in REFUSED.items()}, **TOP_LEVEL}[source]
    assert wanted in "\n".join(error.message for error in errors(source))
    with pytest.raises(SpecError, match=r"behaviour\.py:\d+:\d+: "):
        compile_program(source)


def test_all_errors_are_named_at_once_each_with_its_place() -> None:
    source = "import os\n\ndef t(a):\n    while a:\n        a = a ** 2\n    return gte('x', a)\n"
    assert [(line, column) for line, column, _ in errors(source)] == [(1, 1), (4, 5), (6, 12)]
    assert "did you mean `get`?" in errors(source)[-1].message


RUNS: dict[str, Any] = {
    "return f'{a:.2f} {b:>3} {1234567:,}'": "1.00   2 1,234,567",
    "return any(x > 1 for x in [1, 2])": True,
    "return sum(x * 2 for x in [1, 2])": 6,
    "return {**{'a': 1}, 'b': 2} | {'c': 3}": {"a": 1, "b": 2, "c": 3},
    "return [*[1], *(2, 3)]": [1, 2, 3],
    "x: list[int] = [1]\nx += [2]\nx[0] += 5\nx[1] -= 1\nreturn x": [6, 1],
    "return isinstance(True, int) and isinstance(a, (str, int)) and not isinstance(a, str)": True,
    "return sorted([{'n': 2}, {'n': 1}], key=lambda r: r['n'], reverse=True)": [{"n": 2}, {"n": 1}],
    "return max(['a', 'bbb'], key=len)": "bbb",
    "return [list(zip([1], [2])), enumerate(['x'], 1), reversed([1, 2])]": [[(1, 2)], [(1, "x")], [2, 1]],
    "return (17 // 0.1, round(2.5), round(2.675, 2), str(123456789012345680.0))": (
        169.0,
        2,
        2.67,
        "1.2345678901234568e+17",
    ),
    "d = {'a': 1}\nreturn [d.items(), d.keys(), d.values()]": [[("a", 1)], ["a"], [1]],
    "n = 0\nfor c in 'abc':\n    if c == 'b':\n        continue\n    n += 1\nreturn n": 2,
    "return 'x' if a is None else [i for i in range(3) if i % 2 == 0]": [0, 2],
    "return int('12') + int(3.9) + int('ff', 16)": 270,
    "return 'a-b'.split('-')[::-1]": ["b", "a"],
    "return (1, 2) + (3,)": (1, 2, 3),
}


@pytest.mark.parametrize("statement", RUNS)
def test_what_is_in_the_language_means_what_it_means_in_python(statement: str) -> None:
    assert run(statement) == RUNS[statement]


def test_an_element_is_read_before_what_is_added_to_it() -> None:
    source = "def g(d):\n    d['k'] = 10\n    return 1\n\n"
    source += "def t(a):\n    d = {'k': 0}\n    d['k'] += g(d)\n    return d['k']\n"
    assert Program(compile_program(source), {}).call("t", {"a": 1}) == 1


def test_annotations_are_dropped_and_never_run() -> None:
    source = "def t(a: get('shop') = 1) -> fail('a', 'b'):\n    x: nonsense.at(all) = a\n    return x\n"
    assert Program(compile_program(source), {}).call("t", {"a": 3}) == 3


def test_a_parameter_may_have_the_name_of_a_function_as_tools_parameters_do() -> None:
    source = "def t(zip, set=None):\n    zip = zip.strip()\n    return zip\n"
    assert Program(compile_program(source), {}).call("t", {"zip": " 12 "}) == "12"


STOPPED = {
    "for x in range(2000):\n    for y in range(2000):\n        pass": "ran out of fuel",
    "return sum([sum(range(1000000)) for x in range(9)])": "ran out of fuel",
    "return t()": "its functions call each other too deep",
    "x = 'a' * 10000000": "at most 1,048,576 elements",
    "x = 10000000 * [1]": "at most 1,048,576 elements",
    "x = 'ab'\nfor i in range(60):\n    x = x + x": "at most 1,048,576 elements",
    "x = [1, 2]\nfor i in range(60):\n    x += x": "at most 1,048,576 elements",
    "x = [1, 2]\nfor i in range(60):\n    x.extend(x)": "at most 1,048,576 elements",
    "x = [1, 2]\nfor i in range(60):\n    x = [*x, *x]": "at most 1,048,576 elements|ran out of fuel",
    "x = 'ab'\nfor i in range(60):\n    x = f'{x}{x}'": "at most 1,048,576 elements",
    "x = '\\\\'\nfor i in range(60):\n    x = f'{x!r}'": "at most 1,048,576 elements",
    "x = 'ab'\nfor i in range(60):\n    x = x.replace('a', x)": "at most 1,048,576 elements",
    "x = 'ab'\nfor i in range(60):\n    x = x.join(['a', x, x])": "at most 1,048,576 elements",
    "x = [['ab'] * 9]\nfor i in range(60):\n    x[0] *= 9": "at most 1,048,576 elements",
    "x = 'a'.zfill(99999999)": "at most 1,048,576 elements",
    "x = 'a'.ljust(99999999)": "at most 1,048,576 elements",
    "x = 3\nfor i in range(60):\n    x = x * x": "at most 4,096 bits",
    "x = 3\nfor i in range(60):\n    x *= x": "at most 4,096 bits",
    "x = 3\nfor i in range(9000):\n    x = x + x": "at most 4,096 bits",
    "x = 3\nfor i in range(9000):\n    x = x - (0 - x)": "at most 4,096 bits",
    "x = int('9' * 5000)": "at most 1,000 digits",
    "x = int('1' * 5000, 2)": "at most 1,000 digits",
    "x = round(5, -1000000000)": "at most 1,000 digits",
    "for i in range(10000000000):\n    pass": "a range has at most",
    "for i in range(0, -10000000000, -1):\n    pass": "a range has at most",
    "f = '%1000000000d'\nx = f % 5": "write an f-string",
    "x = a['x']": "TypeError: 'int' object is not subscriptable",
    "x = {}['x']": "KeyError: 'x'",
    "x = 1 / 0": "ZeroDivisionError",
    "add_days(5, 1)": "add_days: a date or an instant is text, not int",
}


@pytest.mark.parametrize("statement", STOPPED)
def test_what_uses_up_too_much_or_breaks_is_stopped_with_its_line(statement: str) -> None:
    engine = Engine(compile_program(in_function(statement)), {}, ())
    with pytest.raises(SimulationError) as stopped:
        engine.answer("t", {}, state=EMPTY, position=Position(datetime(2026, 1, 1, tzinfo=UTC), 0, 0), writes=False)
    assert str(stopped.value).startswith("behaviour.py:")
    assert any(part in str(stopped.value) for part in STOPPED[statement].split("|")), stopped.value


def test_nothing_stays_from_one_call_to_the_next() -> None:
    program = Program(compile_program("LIST = [1, {'a': []}]\n\ndef t():\n    LIST.append(2)\n"), {})
    with pytest.raises(TypeError, match="cannot be changed in place"):
        program.call("t", {})
    pair = Program(compile_program("T = ([], {})\n\ndef t():\n    T[0].append(1)\n"), {})
    with pytest.raises(TypeError, match="cannot be changed in place"):
        pair.call("t", {})
    inner = Program(compile_program("D = {'a': []}\n\ndef t():\n    D['a'].append(2)\n"), {})
    with pytest.raises(TypeError, match="cannot be changed in place"):
        inner.call("t", {})


def test_the_guards_cannot_be_named_by_a_program() -> None:
    for source in ("def t():\n    return guard_each([1])\n", "def t(guard=1):\n    return 1\n"):
        names = [error.message for error in errors(source)]
        assert names == [] or "there is no `guard_each`" in names[0]
    namespace = Program(compile_program("def t():\n    return 1\n"), {}).__dict__["_namespace"]
    guards = [name for name in namespace if name.startswith(("guard", "type "))]
    assert guards and not any(name.isidentifier() for name in guards)
