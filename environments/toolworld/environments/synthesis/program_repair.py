"""Program repair: a model writes the program of an unreliable tool anew, from what the audit by calls found of it.

A program is kept only if the audit then finds nothing of its tool, a call of it succeeds, its reliability reaches what
is asked for, and no other tool has a finding that it had not before.
"""

import ast
from collections.abc import Callable, Sequence

from toolworld.environments.audit.audit import audit
from toolworld.environments.audit.reliability.call_audit import CALLS, audit_by_calls
from toolworld.environments.audit.reliability.report import Evidence, ToolReport
from toolworld.environments.behaviour.language import function_names
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.synthesis.program_synthesis import (
    MAX_TOKENS,
    PROGRAM_FORMAT,
    named_otherwise,
    program_of,
    shown_collections,
    with_program,
)
from toolworld.environments.synthesis.templates import LANGUAGE, read_template
from toolworld.ground import BudgetError, ModelError, Record, SpecError, ToolworldError, encode, shortened
from toolworld.llm import Completion, Message, Model, Request, Usage, ask

PROGRAM_BYTES = 30_000
"""How much of the program as it is a model is shown."""
_PROMPT = read_template("repair")


class RepairResult(Record):
    """The outcome of having a tool's program written anew."""

    environment: str
    tool: str
    before: float
    """The reliability of the tool before."""
    after: float
    """Its reliability now: as before, if nothing was kept."""
    attempts: int = 0
    """Programs that the model wrote."""
    kept: bool = False
    why: str | None = None
    """Why the last program was not kept."""
    usage: Usage = Usage()


async def repair_programs(
    environment: Environment,
    reports: Sequence[ToolReport],
    model: Model,
    *,
    below: float,
    calls: int = CALLS,
    seed: int = 0,
    on_result: Callable[[RepairResult], None] | None = None,
) -> tuple[Environment, list[RepairResult]]:
    """Have a model write the programs of unreliable tools anew, each on top of those that were kept before it.

    Args:
        environment: The environment.
        reports: What the audit found of its tools.
        model: Writes the programs.
        below: Tools with a reliability below this are written anew.
        calls: How many right calls each tool gets in the audits.
        seed: Decides the calls of the audits; sent to the model.
        on_result: Called after each tool.

    Returns:
        The environment with the programs that were kept, and what became of each tool.

    Raises:
        SpecError: a report is of another environment.
    """
    results: list[RepairResult] = []
    for report in to_repair(reports, below):
        repair = _Repair(environment, report, reports, below=below, calls=calls, seed=seed)
        try:
            result = await repair.run(model)
        except (BudgetError, ModelError) as problem:
            result = repair.result(why=str(problem))
        environment = repair.kept or environment
        results.append(result)
        if on_result is not None:
            on_result(result)
    return environment, results


def to_repair(reports: Sequence[ToolReport], below: float) -> list[ToolReport]:
    """The reports of tools that are sent back: unreliable ones of which something was found, or without a program."""
    return [one for one in reports if one.reliability < below and (one.evidence or not one.is_answered)]


class _Repair:
    """The repair of one tool."""

    def __init__(
        self,
        environment: Environment,
        report: ToolReport,
        reports: Sequence[ToolReport],
        *,
        below: float,
        calls: int,
        seed: int,
    ) -> None:
        found = environment.tool(report.tool)
        if found is None:
            raise SpecError(f"the report is not of this environment: {environment.unknown_tool(report.tool)}")
        self._environment = environment
        self._tool: ToolSpec = found
        self._report = report
        self._known = {(one.tool, evidence.property) for one in reports for evidence in one.evidence}
        self._below = below
        self._calls = calls
        self._seed = seed
        self._reached = report.reliability
        self._attempts = 0
        self.kept: Environment | None = None

    async def run(self, model: Model) -> RepairResult:
        """Ask for a program until one can be kept, twice more at most."""
        request = Request(
            (Message(role="user", content=self._prompt()),),
            response_format=PROGRAM_FORMAT,
            max_tokens=MAX_TOKENS,
            seed=self._seed,
        )
        asked = await ask(model, request, self._keep_or_refuse)
        return self.result(why=None if asked.accepted else asked.rejected[-1].why, usage=asked.usage)

    def result(self, *, why: str | None = None, usage: Usage | None = None) -> RepairResult:
        """What became of the tool."""
        return RepairResult(
            environment=self._report.environment,
            tool=self._tool.name,
            before=self._report.reliability,
            after=self._reached,
            attempts=self._attempts,
            kept=self.kept is not None,
            why=why,
            usage=usage or Usage(),
        )

    async def _keep_or_refuse(self, completion: Completion) -> str | None:
        """Keep a program that can be kept; otherwise say why it cannot."""
        self._attempts += 1
        program = program_of(completion)
        try:
            plain = without_function(self._environment, self._tool.function_name)
            problem = named_otherwise(plain, self._tool, program)
            return problem or await self._keep_if_sound(with_program(plain, program))
        except ToolworldError as found:
            return str(found)

    async def _keep_if_sound(self, candidate: Environment) -> str | None:
        for finding in audit(candidate, types=False):
            if finding.severity == "error":
                return f"{finding.where}: {finding.message}"
        runtime = Runtime(candidate, simulation=SimulationPlan(kind="behaviour"))
        reports = await audit_by_calls(runtime, calls=self._calls, seed=self._seed)
        [own] = [one for one in reports if one.tool == self._tool.name]
        others = [one for one in reports if one is not own]
        spoilt = [each for one in others for each in one.evidence if (each.tool, each.property) not in self._known]
        if own.evidence or spoilt:
            return _said([*own.evidence, *spoilt][0])
        if not own.succeeded and (self._report.succeeded or not self._report.is_answered):
            return "none of its calls succeeded"
        if own.reliability < self._below:
            return f"its reliability is {own.reliability:.3f}, and {self._below:g} is asked for"
        self.kept = candidate.replaced(tools=tuple(self._written(one) for one in candidate.tools))
        self._reached = own.reliability
        return None

    def _written(self, tool: ToolSpec) -> ToolSpec:
        """A tool of the environment; of the repaired one it no longer holds what the compiler inferred."""
        return tool.model_copy(update={"inferred": None}) if tool.name == self._tool.name else tool

    def _prompt(self) -> str:
        found = [_said(one) for one in self._report.evidence]
        found += [f"no call was refused with {code}" for code in self._report.not_reached]
        if not self._report.is_answered:
            found.append("there is no function of this tool yet")
        elif not self._report.succeeded:
            found.append("none of its calls succeeded")
        return _PROMPT.substitute(
            function=self._tool.function_name,
            language=LANGUAGE,
            tool=self._tool.model_dump_json(exclude_none=True, exclude={"inferred", "request", "listing"}),
            collections=shown_collections(self._environment),
            program=shortened(self._environment.behaviour or "There is none yet.", PROGRAM_BYTES),
            evidence="\n".join(f"- {one}" for one in found),
        )


def without_function(environment: Environment, name: str) -> Environment:
    """The environment without a function of its program, and without the helpers that are called after it."""
    source = environment.behaviour or ""
    if name not in function_names(source):
        return environment
    lines = source.split("\n")  # as the parser counts them: other ends of lines may stand in texts
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and (node.name == name or node.name.startswith(f"_{name}")):
            lines[node.lineno - 1 : node.end_lineno] = []
    return environment.replaced(behaviour="\n".join(lines))


def _said(evidence: Evidence) -> str:
    return f"{evidence.property}: {evidence.tool}{encode(evidence.arguments).decode()}: {evidence.said}"
