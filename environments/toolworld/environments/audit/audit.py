"""The audit of `env check`: whether an environment is valid, and its program matches its tools."""

import re

from toolworld.environments.audit.finding import Finding
from toolworld.environments.audit.program import program_findings
from toolworld.environments.audit.specification import (
    choice_findings,
    never_findings,
    reference_findings,
    rule_findings,
    schema_findings,
)
from toolworld.environments.catalogue.folder import SPEC_FILE, STATE_FILE
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.ground import SpecError

_OF_STATE = re.compile(r"record |`[^`]*` has two records|collection |singleton ")
"""How errors of the initial state begin."""


def audit(environment: Environment, *, types: bool = True) -> list[Finding]:
    """Check an environment: schemas, state, rules, and the program against the tools.

    Args:
        environment: The environment.
        types: Whether to run the type checker, where it is installed; what it finds are warnings.
    """
    try:
        Runtime(environment, where="environment")
    except SpecError as problem:
        message = str(problem).removeprefix("environment: ")
        where = STATE_FILE if _OF_STATE.match(message) else SPEC_FILE
        return [Finding(severity="error", where=where, message=message)]
    findings = [
        *rule_findings(environment),
        *never_findings(environment),
        *schema_findings(environment),
        *choice_findings(environment),
        *reference_findings(environment),
    ]
    if environment.behaviour is None and (environment.recording or environment.resources):
        return findings  # the recording or the resources answer
    if environment.behaviour is None:
        message = f"there is no {BEHAVIOUR_FILE}, so nothing answers the tools' calls"
        return [*findings, Finding(severity="warning", where="environment", message=message)]
    return [*findings, *program_findings(environment, environment.behaviour, types=types)]
