"""Checks of code: one fenced block, which can be read, and passes the tests that are known."""

import ast
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from toolworld.datasets.generation.code.blocks import PYTHON, around_blocks, code_blocks, code_of, has_open_fence
from toolworld.datasets.generation.code.tests import CodeTests, tested_program, tests_of
from toolworld.datasets.generation.parts import Ok, Outcome, Reject
from toolworld.datasets.generation.validators.text import GeneralValidator
from toolworld.environments import run_python


class CodeValidator:
    """Checks that a response is one fenced block of code.

    Python must be readable, and where the row has tests, it must pass them: they run in a process of its own, without
    files, network or other processes, in bounded time and memory.

    Args:
        arguments: Those of `GeneralValidator`.
        only_code: Whether nothing may stand around the block.
        languages: The languages that are allowed; by default any.
        run_tests: Whether tests are run.
        seconds: How long they may take.
        megabytes: How much memory.
    """

    remembered = True
    """What a check came to is kept: it takes longer than reading it again."""

    def __init__(
        self,
        *arguments: Any,
        only_code: bool = True,
        languages: Sequence[str] = (),
        run_tests: bool = True,
        seconds: float = 5.0,
        megabytes: int = 512,
        **more: Any,
    ) -> None:
        self._text = GeneralValidator(*arguments, **more)
        self._only_code, self._languages = only_code, tuple(one.casefold() for one in languages)
        self._run_tests, self._seconds, self._megabytes = run_tests, seconds, megabytes

    async def validate(self, instruction: str, response: str, metadata: Mapping[str, Any] | None = None) -> Outcome:
        """Whether the code is sound."""
        tests = tests_of((metadata or {}).get("fields", {}))
        outcome = self._text.validate(instruction, response)
        if isinstance(outcome, Ok):
            outcome = self._in_one_block(response)
        if isinstance(outcome, Ok):
            outcome = _readable(response, tests)
        if isinstance(outcome, Reject) or tests is None or not self._run_tests:
            return outcome
        ran = await run_python(tested_program(response, tests), {}, seconds=self._seconds, megabytes=self._megabytes)
        return Ok() if ran.error is None else Reject(_failure(ran.error), ran.error[:400])

    def _in_one_block(self, response: str) -> Outcome:
        blocks = code_blocks(response)
        if has_open_fence(response):
            return Reject("open_fence", "a fence of code is opened and not closed")
        if len(blocks) != 1:
            return Reject("not_one_block", f"the response must have one fenced block of code; it has {len(blocks)}")
        if self._only_code and around_blocks(response):
            return Reject("text_around_code", "nothing may stand around the block of code")
        if self._languages and blocks[0].language not in self._languages:
            allowed = ", ".join(self._languages)
            return Reject(
                "other_language", f"the block is {blocks[0].language or 'not labelled'}; allowed are {allowed}"
            )
        return Ok() if blocks[0].source.strip() else Reject("empty", "the block of code is empty")


def _readable(response: str, tests: CodeTests | None) -> Outcome:
    """Whether Python can be read: by itself, or as what goes on from the signature that the tests bring."""
    if not all(block.language in PYTHON for block in code_blocks(response)):
        return Ok()
    problem = _problem_in(code_of(response))
    if problem is not None and tests is not None and tests.before:
        problem = _problem_in(tested_program(response, tests))
    return Ok() if problem is None else Reject("syntax_error", f"the code cannot be read: {problem}"[:200])


def _problem_in(source: str) -> Exception | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        return problem
    return None


def _failure(error: str) -> str:
    if "takes longer" in error:
        return "timeout"
    if "too much memory" in error:
        return "out_of_memory"
    if "asked the system" in error or "was stopped" in error:
        return "stopped"
    return "import_not_allowed" if "cannot be imported here" in error else "tests_failed"
