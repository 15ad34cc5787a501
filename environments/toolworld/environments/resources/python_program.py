"""What runs in the process of `run_python`: it reads the program, confines itself for good, and runs it.

It is started by its path, so that nothing of toolworld is loaded but the file that confines.
"""

import ast
import builtins
import contextlib
import importlib
import importlib.util
import io
import json
import math
import os
import random
import re
import resource
import sys
from types import ModuleType
from typing import Any

# fmt: off
_IMPORTABLE = (
    "__future__", "abc", "array", "base64", "bisect", "calendar", "cmath", "collections", "collections.abc",
    "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib",
    "heapq", "io", "itertools", "json", "math", "operator", "random", "re", "statistics", "string", "struct", "sys",
    "textwrap", "typing",
)
# fmt: on
"""Modules that a program may import; loaded before, since no file can be opened after."""
UNCONFINED = 97
"""The code of a process that cannot be confined on this machine."""
_TABLES = ("numpy", "pandas")
"""Loaded where a program names them and they are installed."""


def main() -> None:
    """Run the program that comes on standard input, and write its outcome to standard output as JSON."""
    asked = json.loads(sys.stdin.buffer.read())
    modules = _loaded(asked["code"])
    sandbox = _module_at(sys.argv[1])
    seconds = int(asked["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sandbox.confine(asked["megabytes"] << 20) != "confined":
        sys.exit(UNCONFINED)  # its limits alone would leave it files and the network
    outcome = _run(asked["code"], asked["files"], modules, asked["most"])
    # Behind a mark: the program may have written to the same place.
    sys.stdout.buffer.write(asked["mark"].encode() + json.dumps(outcome).encode())
    sys.stdout.buffer.flush()
    os._exit(0)  # what ends a process else asks the system for things that are forbidden now


def _module_at(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("sandbox", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _loaded(code: str) -> dict[str, ModuleType]:
    modules = {name: importlib.import_module(name) for name in _IMPORTABLE}
    if "pandas" in code or "numpy" in code:
        for name in _TABLES:
            with contextlib.suppress(ImportError):
                modules[name] = importlib.import_module(name)
        if "pandas" in modules:
            _use(modules["pandas"])
    random.seed(0)
    return modules


def _use(pandas: Any) -> None:
    """Use what programs use of pandas: it loads parts of itself, and asks for memory its own way, at the first use."""
    table = pandas.read_csv(io.StringIO("a,b,c\n1,x,2025-01-01\n2,y,2025-01-02\n"))
    table["c"] = pandas.to_datetime(table["c"])
    table.merge(table, on="a").sort_values("b_x").groupby("b_x").a.mean().round(1).to_dict()
    table.pivot_table(index="c", columns="b", values="a").describe().to_string()
    table["b"].str.lower().value_counts().to_dict()
    pandas.concat([table, table]).drop_duplicates().to_dict("records")
    repr(table)


def _run(code: str, files: dict[str, str], modules: dict[str, ModuleType], most: int) -> dict[str, Any]:
    printed = io.StringIO()

    def read_csv(name: str) -> list[dict[str, Any]]:
        return _rows(_text(files, name), name)

    scope: dict[str, Any] = {"__name__": "__main__", "read_csv": read_csv}
    scope["__builtins__"] = _builtins(files, modules)
    if "pandas" in modules:
        _read_from(files, modules["pandas"])
    try:
        tree = ast.parse(code)
        last = tree.body[-1] if tree.body else None
        tree.body = tree.body[:-1] if isinstance(last, ast.Expr) else tree.body
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            exec(compile(tree, "<program>", "exec"), scope)
            value: Any = None
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<program>", "eval"), scope)
            value = _json(value, most)
    except MemoryError:
        return {"error": "it takes too much memory"}
    except BaseException as problem:  # noqa: BLE001 - whatever a stranger's program raises
        return {"error": _cut(f"{type(problem).__name__}: {_said(problem)}{_line(problem)}", most)}
    return {"output": _cut(printed.getvalue(), most), "value": value}


def _read_from(files: dict[str, str], pandas: Any) -> None:
    """Have pandas read the files that are known, where it would open one by its name."""
    original = pandas.read_csv

    def read_csv(name: Any, *more: Any, **options: Any) -> Any:
        return original(io.StringIO(_text(files, name)) if isinstance(name, str) else name, *more, **options)

    pandas.read_csv = read_csv


def _said(problem: BaseException) -> str:
    """What an error says, which may itself fail."""
    try:
        return str(problem)
    except BaseException:  # noqa: BLE001 - whatever a stranger's error raises
        return "it cannot be told"


def _line(problem: BaseException) -> str:
    """The line of the program where it happened."""
    place, line = problem.__traceback__, None
    while place is not None:
        if place.tb_frame.f_code.co_filename == "<program>":
            line = place.tb_lineno
        place = place.tb_next
    return "" if line is None else f" (line {line})"


def _builtins(files: dict[str, str], modules: dict[str, ModuleType]) -> dict[str, Any]:
    inner = dict(vars(builtins))

    def import_known(name: str, scope: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        if level or not any(name == one or one.startswith(f"{name}.") for one in modules):
            raise ImportError(f"{name} cannot be imported here; these can: {', '.join(sorted(modules))}")
        return __import__(name, scope, local, wanted, 0)

    def open_known(name: Any, mode: str = "r", *_: Any, **__: Any) -> io.StringIO:
        if mode not in ("r", "rt"):
            raise PermissionError("files can only be read")
        return io.StringIO(_text(files, name))

    inner.update(__import__=import_known, open=open_known)
    return inner


def _text(files: dict[str, str], name: Any) -> str:
    known = str(name).removeprefix("./")
    if known not in files:
        raise FileNotFoundError(f"there is no file {str(name)[:80]!r}; there are: {', '.join(files)}"[:400])
    return files[known]


def _rows(source: str, name: str) -> list[dict[str, Any]]:
    import csv

    rows = csv.DictReader(io.StringIO(source, newline=""), delimiter="\t" if name.casefold().endswith(".tsv") else ",")
    return [{column: typed(cell) for column, cell in row.items() if column is not None} for row in rows]


def typed(value: object) -> Any:
    """The text of a cell as what it is: a number, nothing, or a text. A number that begins with 0 is a text."""
    words = str(value or "").strip()
    if words == "":
        return None
    digits = words.lstrip("-").partition(".")[0]
    if (len(digits) > 1 and digits[0] == "0") or "_" in words:
        return words
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            found = kind(words)
            return found if math.isfinite(found) and abs(found) < 1e15 else words
    return words


def _json(value: Any, most: int) -> Any:
    """A value as JSON has it, else as it is written."""
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a number of numpy
        value = value.item()
    elif hasattr(value, "to_string"):  # a table of pandas
        value = value.to_dict("records") if hasattr(value, "columns") else value.to_dict()
    try:
        written = json.dumps(value, allow_nan=False)
        if len(written) <= most and all(len(one) < 19 for one in re.findall(r"\d+", re.sub(r'"[^"]*"', "", written))):
            return json.loads(written.encode(errors="replace"))
    except (TypeError, ValueError, RecursionError):
        written = str(value)
    return _cut(written, most)


def _cut(text: str, most: int) -> str:
    text = text.encode(errors="replace").decode()
    return text if len(text) <= most else f"{text[:most]}\n[cut here, {len(text) - most} more characters]"


if __name__ == "__main__":
    main()
