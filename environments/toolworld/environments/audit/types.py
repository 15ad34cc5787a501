"""Type errors in a program, found by `ty` where it is installed (the extra `toolworld[check]`)."""

import ast
import importlib.util
import os
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import orjson

from toolworld.environments.audit.finding import Finding
from toolworld.environments.audit.stubs import STUB_MODULE, stub_text, typed_source
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment

MAX_SECONDS = 30
"""How long the type checker may take."""
_IGNORED = ("non-literal-typed-dict-key", "no-matching-overload", "unresolved-reference", "invalid-syntax")
"""Rules that find what is no error in this language, or what other checks say better."""
_OF_NONE = "object of type `None`"
_WITHOUT_TYPE = "`object`"
"""What the checker says of values whose type it has lost, such as a dict united with a record."""


def has_type_checker() -> bool:
    """Whether `ty` is installed."""
    return importlib.util.find_spec("ty") is not None


def type_findings(environment: Environment, source: str, tree: ast.Module, known: Collection[str]) -> list[Finding]:
    """What the type checker says about a program, as warnings; nothing where it is not installed or does not answer.

    Args:
        environment: With the schemas of the state and the tools.
        source: The program.
        tree: Its syntax tree.
        known: Places that have a finding already.
    """
    if not has_type_checker():
        return []
    with TemporaryDirectory() as folder:
        Path(folder, f"{STUB_MODULE}.pyi").write_text(stub_text(environment.state_schema), encoding="utf-8")
        Path(folder, BEHAVIOUR_FILE).write_text(typed_source(environment, source, tree), encoding="utf-8")
        reported = _check(Path(folder))
    lines = {place.split(":")[1] for place in known if place.startswith(f"{BEHAVIOUR_FILE}:")}
    return [finding for finding in _findings(reported) if finding.where.split(":")[1] not in lines]


def _check(folder: Path) -> list[dict[str, Any]]:
    """Run the checker on a folder; it writes nothing there, and reads no settings of anybody."""
    from ty import find_ty_bin  # pyright: ignore[reportMissingImports, reportUnknownVariableType] - an extra

    command = [str(find_ty_bin()), "check", "--project", str(folder), "--output-format", "gitlab", "--exit-zero"]
    command += [word for rule in _IGNORED for word in ("--ignore", rule)]
    alone = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}  # without settings of this user
    try:
        done = subprocess.run(
            [*command, str(folder)], capture_output=True, timeout=MAX_SECONDS, check=True, cwd=folder, env=alone
        )
        return cast("list[dict[str, Any]]", orjson.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError):
        return []


def _findings(reported: list[dict[str, Any]]) -> Iterator[Finding]:
    for one in reported:
        begin = one["location"]["positions"]["begin"]
        message = str(one["description"]).removeprefix(f"{one['check_name']}: ")
        if one["location"]["path"].endswith(BEHAVIOUR_FILE) and begin["line"] > 1 and _WITHOUT_TYPE not in message:
            where = f"{BEHAVIOUR_FILE}:{begin['line'] - 1}:{begin['column']}"
            if _OF_NONE in message:
                message = f"`get` may have found nothing here: look first whether it is None ({message})"
            yield Finding(severity="warning", where=where, message=message)
