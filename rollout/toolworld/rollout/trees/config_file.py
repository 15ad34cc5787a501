"""Reading configurations: JSON or YAML, every key known, variables of the environment filled in."""

import os
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from toolworld.ground import SpecError, UsageError, decode, describe_error, read_bytes, with_variables
from toolworld.rollout.trees.config import SANDBOX, SynthesisConfig

_MAX_BYTES = 1 << 20


def load_config(config_path: str | Path, environ: Mapping[str, str] = os.environ) -> SynthesisConfig:
    """Read a configuration.

    Args:
        config_path: A JSON or YAML file.
        environ: The variables that `${NAME}` and `${NAME:-default}` in it stand for.

    Raises:
        SpecError: the file cannot be read, a key is unknown or has a value that it cannot have, or a variable is unset.
    """
    path = Path(config_path)
    data = read_bytes(path, SpecError)
    if len(data) > _MAX_BYTES:
        raise SpecError(f"{path} has {len(data)} bytes, and a configuration has at most {_MAX_BYTES}")
    return config_of(_parsed(path, data), str(path), environ).at(path.resolve().parent)


def config_of(
    fields: Mapping[str, Any], where: str = "the configuration", environ: Mapping[str, str] = os.environ
) -> SynthesisConfig:
    """A configuration of its fields.

    Raises:
        SpecError: as `load_config`.
    """
    for name in fields:
        if name not in SynthesisConfig.model_fields:
            near = get_close_matches(str(name), SynthesisConfig.model_fields, 1, 0.5)
            known = f"did you mean `{near[0]}`?" if near else "see docs/synthesis.md for those that there are"
            raise SpecError(f"{where}: there is no key `{str(name)[:80]}`; {known}")
    _check_sandbox(fields, where)
    # What a resource is set up with is expanded when it is opened, so that keys are written nowhere.
    expanded = {
        name: value if name == "resource_init_configs" else _expanded(value, where, environ)
        for name, value in fields.items()
    }
    try:
        return SynthesisConfig.model_validate(expanded)
    except ValidationError as problem:
        raise SpecError(f"{where}: {describe_error(problem)}") from None


def _check_sandbox(fields: Mapping[str, Any], where: str) -> None:
    """Refuse what would need AgentFlow's own tool server, with what to write instead."""
    instead = "resources run in this process here; name a tool server under `resource_init_configs`, as `mcp`"
    if fields.get("sandbox_server_url") not in (None, SANDBOX) or fields.get("sandbox_config_path") is not None:
        raise SpecError(f"{where}: `sandbox_server_url` and `sandbox_config_path` are of another server; {instead}")
    if fields.get("sandbox_auto_start", True) is not True:
        raise SpecError(f"{where}: `sandbox_auto_start` is always true; {instead}")


class _PlainLoader(yaml.SafeLoader):
    """Reads YAML without aliases, with which a short file can hold any amount, or itself."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType] - it has no types
            raise yaml.YAMLError("aliases (`*name`) are not read")
        return super().compose_node(parent, index)


def _parsed(path: Path, data: bytes) -> Mapping[str, Any]:
    try:
        found: Any = decode(data) if path.suffix == ".json" else yaml.load(data, _PlainLoader)
    except UsageError:
        raise
    except Exception as problem:  # noqa: BLE001 - the parsers have errors of their own
        reason = " ".join(str(problem).split())[:300]
        raise SpecError(
            f"{path} is no {'JSON' if path.suffix == '.json' else 'YAML'}: {reason.removeprefix('not JSON: ')}"
        ) from None
    if not isinstance(found, dict):
        raise SpecError(f"{path} holds no keys with values")
    return cast("dict[str, Any]", found)


def _expanded(value: Any, where: str, environ: Mapping[str, str]) -> Any:
    """A value with the variables in its texts expanded."""
    if isinstance(value, str):
        return with_variables(value, where, environ)
    if isinstance(value, list):
        return [_expanded(one, where, environ) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _expanded(one, where, environ) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, date):  # YAML reads 2026-01-05 so
        return value.isoformat()
    return value
