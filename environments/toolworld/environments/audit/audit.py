"""The audit of `env check`: whether an environment is valid, and its program matches its tools."""

from toolworld.environments.audit.finding import Finding
from toolworld.environments.audit.program import program_findings
from toolworld.environments.audit.specification import (
    choice_findings,
    never_findings,
    rule_findings,
    schema_findings,
)
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.ground import SpecError


def audit(environment: Environment, *, types: bool = True) -> list[Finding]:
    """Check an environment: schemas, state, rules, and the program against the tools.

    Args:
        environment: The environment.
        types: Whether to run the type checker, where it is installed; what it finds are warnings.
    """
    try:
        Runtime(environment, where="environment")
    except SpecError as problem:
        return [Finding(severity="error", where="environment", message=str(problem))]
    findings = [
        *rule_findings(environment),
        *never_findings(environment),
        *schema_findings(environment),
        *choice_findings(environment),
    ]
    if environment.behaviour is None:
        message = f"there is no {BEHAVIOUR_FILE}, so nothing answers the tools' calls"
        return [*findings, Finding(severity="warning", where="environment", message=message)]
    return [*findings, *program_findings(environment, environment.behaviour, types=types)]
