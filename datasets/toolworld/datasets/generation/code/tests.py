"""The tests of a piece of code, in the shapes in which benchmarks have them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from toolworld.datasets.generation.code.blocks import code_of


class CodeTests(NamedTuple):
    """Tests of a piece of code."""

    before: str = ""
    """What runs first: imports, or a signature with its documentation."""
    after: str = ""
    """What runs last: assertions."""


def tests_of(fields: Mapping[str, Any]) -> CodeTests | None:
    """The tests in the fields of a row; None where it has none.

    MBPP has `test_list` and `test_setup_code` (`test_imports` in its sanitised form); HumanEval `test`, `entry_point`
    and `prompt`; rows of other kinds `tests`, as text or a list.
    """
    if isinstance(fields.get("test"), str) and isinstance(fields.get("entry_point"), str):
        return CodeTests(str(fields.get("prompt", "")), f"{fields['test']}\ncheck({fields['entry_point']})\n")
    listed = fields.get("test_list", fields.get("tests"))
    lines = [listed] if isinstance(listed, str) else cast("Sequence[Any]", listed) if isinstance(listed, list) else []
    if not lines or not all(isinstance(line, str) and line.strip() for line in lines):
        return None
    imports = fields.get("test_imports")
    before = [str(fields.get("test_setup_code") or "")]
    before += [str(one) for one in cast("Sequence[Any]", imports)] if isinstance(imports, list) else []
    return CodeTests("\n".join(before).strip(), "\n".join(map(str, lines)))


def tested_program(response: str, tests: CodeTests) -> str:
    """A program that runs a response's code and then its tests.

    Where the code does not define what its signature (HumanEval's prompt) begins, it goes on from there.
    """
    code = code_of(response)
    signature = re.search(r"^def (\w+)", tests.before, re.MULTILINE)
    defines = signature is not None and re.search(rf"^def {signature[1]}\b", code, re.MULTILINE) is not None
    # It needs the imports, and not the function without a body.
    before = tests.before[: signature.start()] if signature is not None and defines else tests.before
    joined = f"{before}\n{code}" if signature is None or defines else f"{before}{code}"
    return f"{joined}\n{tests.after}\n"
