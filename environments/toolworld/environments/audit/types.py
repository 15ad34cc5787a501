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
_RULES = frozenset(
    {
        "unsupported-operator",
        "invalid-argument-type",
        "not-subscriptable",
        "invalid-key",
        "invalid-typed-dict-key",
        "unresolved-attribute",
        "not-iterable",
        "call-non-callable",
    }
)
"""What is reported of all that the checker finds: what is an error in this language, too."""
_SETTINGS = '[environment]\npython-version = "3.11"\n'
_OF_NONE = "object of type `None`"
_WITHOUT_TYPE = "`object`"
"""What the checker says of values whose type it has lost, such as a dict united with a record."""


def has_type_checker() -> bool:
    """Whether `ty` is installed."""
    return importlib.util.find_spec("ty") is not None


def type_findings(environment: Environment, source: str, tree: ast.Module, known: Collection[str]) -> list[Finding]:
    """What the type checker says about a program, as warnings; nothing where it is not installed.

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
        Path(folder, "ty.toml").write_text(_SETTINGS, encoding="utf-8")  # or it would take those of a folder above
        reported = _check(Path(folder))
    if reported is None:
        message = f"types were not checked: ty gave no answer in {MAX_SECONDS:g} seconds"
        return [Finding(severity="warning", where=BEHAVIOUR_FILE, message=message)]
    lines = {place.split(":")[1] for place in known if place.startswith(f"{BEHAVIOUR_FILE}:")}
    return [finding for finding in _findings(reported) if finding.where.split(":")[1] not in lines]


def _check(folder: Path) -> list[dict[str, Any]] | None:
    """Run the checker on a folder, without settings of this user; None if it does not answer."""
    from ty import find_ty_bin  # pyright: ignore[reportMissingImports, reportUnknownVariableType] - an extra

    command = [str(find_ty_bin()), "check", "--project", str(folder), "--output-format", "gitlab", "--exit-zero"]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    alone = {**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    try:
        done = subprocess.run(
            [*command, str(folder)], capture_output=True, timeout=MAX_SECONDS, check=True, cwd=folder, env=alone
        )
        return cast("list[dict[str, Any]]", orjson.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError):
        return None


def _findings(reported: list[dict[str, Any]]) -> Iterator[Finding]:
    for one in reported:
        begin = one["location"]["positions"]["begin"]
        message = str(one["description"]).removeprefix(f"{one['check_name']}: ")
        is_shown = one["check_name"] in _RULES and _WITHOUT_TYPE not in message
        if is_shown and one["location"]["path"].endswith(BEHAVIOUR_FILE) and begin["line"] > 1:
            where = f"{BEHAVIOUR_FILE}:{begin['line'] - 1}:{begin['column']}"
            if _OF_NONE in message:
                message = f"`get` may have found nothing here: look first whether it is None ({message})"
            yield Finding(severity="warning", where=where, message=message)
