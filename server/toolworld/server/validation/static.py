"""Checks of level 1: what the environment declares."""

import ast
from typing import Any

import yaml

from toolworld.datasets import openenv_manifest
from toolworld.ground import digest
from toolworld.server.validation.finding import Finding, failed, named, passed
from toolworld.server.validation.probe import Probe

MOST_TOLERANCE, LEAST_MARGIN, MOST_SECONDS = 0.1, 0.1, 3600
"""The bounds of OpenEnv's policy."""


def _declared(probe: Probe) -> dict[str, Any]:
    return yaml.safe_load(openenv_manifest(probe.suite, probe.environment))["validation"]


def manifest(probe: Probe) -> Finding:
    """The manifest that `toolworld export openenv` writes keeps the policy's bounds."""
    reward = _declared(probe)["reward"]
    measured = {"oracle_tolerance": reward["oracle_tolerance"], "floor_margin": reward["floor_margin"]}
    is_kept = reward["oracle_tolerance"] <= MOST_TOLERANCE and reward["floor_margin"] >= LEAST_MARGIN
    text = f"rewards from {reward['range'][0]:g} to {reward['range'][1]:g} are declared, as `export openenv` writes it"
    return passed(text, **measured) if is_kept else failed(text, "declare a reward within the bounds", **measured)


def resource_declaration(probe: Probe) -> Finding:
    """Processor, memory and disk are declared."""
    declared = _declared(probe)["resources"]
    missing = {"cpu", "memory_mb", "disk_mb"} - declared.keys()
    return failed(f"not declared: {missing}", "declare them") if missing else passed("declared", **declared)


def timeout_ceiling(probe: Probe) -> Finding:
    """An episode's time is declared, and below the policy's ceiling."""
    seconds = _declared(probe)["resources"]["episode_timeout_s"]
    text = f"an episode may take {seconds} s, of at most {MOST_SECONDS}"
    return passed(text, seconds=seconds) if seconds <= MOST_SECONDS else failed(text, "declare less", seconds=seconds)


def dependency_pinning(probe: Probe) -> Finding:
    """An environment has no dependencies: its program cannot import, and its version is a digest of all of it."""
    try:
        nodes = [*ast.walk(ast.parse(probe.environment.behaviour or ""))]
    except SyntaxError as problem:
        return failed(f"the program cannot be read: {problem}", "see `toolworld env check`")
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes):
        return failed("the program imports", "a behaviour cannot import")
    return passed("the program imports nothing, and the version is a digest of all that answers")


def task_distribution_pinning(probe: Probe) -> Finding:
    """The tasks are pinned by the version of the environment, and by a digest of their own."""
    version = probe.environment.version
    other = [task.id for task in probe.tasks if task.environment_version != version]
    if other:
        return failed(f"of another version of the environment: {named(other)}", "derive their truth again")
    content = digest([task.model_dump(mode="json") for task in probe.tasks])
    return passed(f"{len(probe.tasks)} tasks, pinned by a digest", dataset_version=content, environment_version=version)
