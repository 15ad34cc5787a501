"""Generated programs against the language: whatever passes the check reaches nothing outside, however odd it is.

An audit hook of Python sees each import, file, socket, process, compilation and look at an object's insides. While a
program runs there must be none. Programs that pass are run twice, in fresh namespaces, and must answer the same.
"""

import random
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolworld.environments.behaviour.compiler import compile_program
from toolworld.environments.behaviour.engine import Engine
from toolworld.environments.behaviour.host_functions import Position
from toolworld.environments.behaviour.language import BUILTIN_FUNCTIONS, HOST_FUNCTIONS, METHODS
from toolworld.environments.behaviour.program import Program
from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.frozen import freeze
from toolworld.environments.state.state import State
from toolworld.ground import SimulationError, SpecError

SECONDS = 2
"""How long a program may run here: in process a single operation cannot be interrupted, but a loop is."""
HARMLESS_EVENTS = frozenset({"signal.setitimer"})
DUNDERS = [
    "__class__",
    "__base__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__import__",
    "__code__",
    "__dict__",
    "mro",
    "gi_frame",
]
OUTSIDE = [
    "open",
    "eval",
    "exec",
    "compile",
    "globals",
    "locals",
    "vars",
    "dir",
    "getattr",
    "setattr",
    "print",
    "input",
    "object",
    "type",
    "super",
    "memoryview",
]
NAMES = [*HOST_FUNCTIONS, *BUILTIN_FUNCTIONS, *OUTSIDE, *DUNDERS, "a", "b", "x", "y", "t", "u", "guard_each", "_"]
ATTRIBUTES = [*METHODS, *DUNDERS, "format", "format_map", "encode", "translate", "real", "start", "tb_frame"]
CONSTANTS = [
    "0",
    "1",
    "-1",
    "2.5",
    "'a'",
    "'{0.__class__}'",
    "'%s'",
    "None",
    "True",
    "[]",
    "{}",
    "()",
    "b'a'",
    "1j",
    "...",
]
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "|",
    "&",
    "^",
    "**",
    "<<",
    "@",
    "==",
    "<",
    "in",
    "is",
    "and",
    "or",
    "not in",
]
RECORDS: Any = {"things": {"k": freeze({"id": "k", "tags": ["a"], "n": 1})}}


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    programs: int = 0
    refused: int = 0
    ran: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])


class _TooLong(Exception):  # noqa: N818 - not an error of anything
    pass


class _Canary:
    """Notes what Python does on behalf of a program."""

    def __init__(self) -> None:
        self.is_watching = False
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, _: tuple[Any, ...]) -> None:
        if self.is_watching and event not in HARMLESS_EVENTS:
            self.seen.append(event)


async def fuzz_language(folder: Path, programs: int, seed: int = 0) -> Findings:
    """Generate programs, check each, and run those that pass."""
    del folder
    findings, canary = Findings(), _Canary()
    rng = random.Random(seed)

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(programs):
            _try(_Generator(rng).program(), canary, findings)
    finally:
        signal.signal(signal.SIGALRM, before)
    return findings


def _try(source: str, canary: _Canary, findings: Findings) -> None:
    findings.programs += 1
    try:
        code = compile_program(source)
    except SpecError:
        findings.refused += 1
        return
    findings.ran += 1
    answers = [_run(code, canary) for _ in range(2)]
    findings.outcomes[answers[0].partition(":")[0]] += 1
    if answers[0] != answers[1]:
        findings.faults.append(f"two answers, {answers}: {source!r}")
    if canary.seen:
        findings.faults.append(f"{canary.seen[:3]}: {source!r}")
        canary.seen.clear()


def _run(code: Any, canary: _Canary) -> str:
    state = State(Baseline(RECORDS, {"one": freeze({"n": [1]})}))
    position = Position(datetime(2026, 1, 1, tzinfo=UTC), 0, 0)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        engine = Engine(code, {"things": "id"}, ["one"])
        engine._program = _Watched(engine._program, canary)  # pyright: ignore
        answer = engine.answer("t", {"a": [1, "b"]}, state=state, position=position, writes=True)
        return f"refusal: {answer.refusal}" if answer.refusal else f"result: {answer.result!r} {answer.ops!r}"
    except (SpecError, SimulationError) as problem:
        return f"broke: {problem}"
    except _TooLong:
        return "took too long:"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Watched:
    """A program that is watched while it runs, and not while the engine explains what came of it."""

    def __init__(self, program: Program, canary: _Canary) -> None:
        self._program = program
        self._canary = canary
        self.functions = program.functions

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        self._canary.is_watching = True
        try:
            return self._program.call(name, arguments)
        finally:
            self._canary.is_watching = False


class _Generator:
    """Makes programs out of Python's grammar: a part of them within the language, most not quite."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._tame = rng.random() < 0.7
        """Whether only what the language has is used, so that more of the programs run."""

    def program(self) -> str:
        functions = [self._function(name) for name in (("t", "u") if self._random.random() < 0.5 else ("t",))]
        head = [f"C = {self._constant()}\n"] if self._random.random() < 0.3 else []
        return "\n".join([*head, *functions])

    def _pick(self, values: list[str]) -> str:
        return self._random.choice(values)

    def _function(self, name: str) -> str:
        parameters = self._pick(
            ["a=1", "a, b=2", "a=1, *, b=None", "a=1"] if self._tame else ["*a", "a=[]", "__a=1", "a, /"]
        )
        body = "".join(self._statement("    ", 2) for _ in range(self._random.randint(1, 4)))
        return f"def {name}({parameters}):\n{body}    return {self._expression(3)}\n"

    def _statement(self, indent: str, depth: int) -> str:
        kind = self._random.randrange(9 if self._tame else 14)
        inner = indent + "    "
        nested = self._statement(inner, depth - 1) if depth else f"{inner}pass\n"
        match kind:
            case 0 | 1:
                return f"{indent}{self._target()} = {self._expression(3)}\n"
            case 2:
                operator = self._pick(["+", "-", "*", "|", "%", "//"])
                return f"{indent}{self._pick(['x', 'y', 'x[0]'])} {operator}= {self._expression(2)}\n"
            case 3:
                return f"{indent}for {self._pick(['x', 'x, y', 'y'])} in {self._expression(2)}:\n{nested}"
            case 4:
                return f"{indent}if {self._expression(2)}:\n{nested}"
            case 5 | 6 | 7:
                return f"{indent}{self._expression(3)}\n"
            case 8:
                return f"{indent}x: {self._expression(1)} = {self._expression(2)}\n"
            case 9:
                return f"{indent}while {self._expression(1)}:\n{nested}"
            case 10:
                return f"{indent}try:\n{nested}{indent}except Exception as x:\n{nested}"
            case 11:
                return f"{indent}{self._pick(['import os', 'from os import *', 'global x', 'del x', 'yield x'])}\n"
            case 12:
                return f"{indent}with {self._expression(1)} as x:\n{nested}"
            case _:
                return f"{indent}class X:\n{nested}"

    def _target(self) -> str:
        return self._pick(
            ["x", "y", "x, y", "x[0]", "a[0]"] if self._tame else ["x.y", "x[0:1]", "*x, y", "get", "len"]
        )

    def _constant(self) -> str:
        return self._pick(CONSTANTS[:12] if self._tame else CONSTANTS)

    def _name(self) -> str:
        return self._pick(["a", "x", "y", "C"] if self._tame else NAMES)

    def _called(self) -> str:
        return self._pick([*HOST_FUNCTIONS, *BUILTIN_FUNCTIONS, "u", "t"] if self._tame else NAMES)

    def _expression(self, depth: int) -> str:
        if depth <= 0 or self._random.random() < 0.2:
            return self._pick([self._constant(), self._name()])
        one, two = self._expression(depth - 1), self._expression(depth - 1)
        match self._random.randrange(13):
            case 0 | 1:
                return f"({one} {self._pick(OPERATORS[:7] if self._tame else OPERATORS)} {two})"
            case 2 | 3:
                return f"{self._called()}({', '.join([one, two][: self._random.randint(0, 2)])})"
            case 4 | 5:
                attribute = self._pick(sorted(METHODS) if self._tame else ATTRIBUTES)
                return f"({one}).{attribute}" + (f"({two})" if self._tame or self._random.random() < 0.8 else "")
            case 6:
                return f"[{one} for x in {two}]"
            case 7:
                return f"{{{one}: {two}}}"
            case 8:
                return f"({one})[{self._pick([two, '0', '1:', '::-1'])}]"
            case 9:
                form = self._pick(["", "!r", ":>3", ":.2f"] if self._tame else [":{x}", "!a", ":999999d", "="])
                return f"f'{{{self._name()}{form}}}'"
            case 10:
                return f"sorted({one}, key={self._pick(['len', 'str', 'lambda x: x', 'u', 'lambda x: (x, t)'])})"
            case 11:
                return f"({one} if {two} else {self._constant()})"
            case _:
                return f"({one}, *{two})" if self._tame else f"dict(**{one})"
