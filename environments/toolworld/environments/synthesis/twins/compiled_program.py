"""The program of a twin as the compiler writes it: of its functions those that reproduce the recording."""

from collections.abc import Sequence
from dataclasses import replace

from toolworld.environments.compiler.compile import Compiled, compile_toolset, settled, uncompiled
from toolworld.environments.compiler.self_check import CheckResult, self_check
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.schema import StateDocument
from toolworld.environments.synthesis.twins.observed_schema import with_observations
from toolworld.environments.synthesis.twins.observed_state import (
    Observed,
    evidence_of,
    observed_records,
    observed_state,
)
from toolworld.environments.synthesis.twins.program_difference import answered_tools, find_difference
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import (
    JsonObject,
    SpecError,
    ToolworldError,
)


async def compiled_program(toolset: Toolset, calls: Sequence[CapturedCall]) -> tuple[Environment, dict[str, str]]:
    """What the compiler makes of the tools, with those functions that reproduce the recording, and why not the others.

    It is compiled from the schemas alone, and once more with what the recording shows as evidence; the one of which
    more functions are left is taken.
    """
    try:
        plain = compile_toolset(toolset)
        fuller = with_observations(toolset, calls)
        shown = compile_toolset(fuller)
        evidence = evidence_of(shown, observed_records(shown, calls), calls)
        informed = compile_toolset(replace(fuller, states=evidence))
    except ToolworldError as problem:  # tools of strangers: then there are only the recorded answers
        return uncompiled(toolset), {one.name: str(problem) for one in toolset.operations}
    made = [await _reproducing(plain, calls, observed_records(plain, calls)), await _reproducing(informed, calls, None)]
    return min(made, key=lambda one: len(one[1]))


async def _reproducing(
    compiled: Compiled, calls: Sequence[CapturedCall], observed: Observed | None
) -> tuple[Environment, dict[str, str]]:
    """A compiled environment with those functions that reproduce the recording, and why not the others.

    A function of which the recording has no call is left out too: nothing says that it is right.
    """
    checked = self_check(compiled)
    called = {one.tool for one in calls}
    names = (one.name for one in compiled.toolset.operations)
    rejected = {name: "the recording has no call of it" for name in names if name not in called}
    for tool in compiled.environment.tools:
        unread = sorted(tool.required & {*(tool.inferred.ignored if tool.inferred else ())})
        if unread and tool.name not in rejected:
            rejected[tool.name] = f"its function would answer the same whatever `{unread[0]}` is"
    while True:
        made = _settled(compiled, checked, rejected, observed)
        wrong = await find_difference(made, calls, is_ours=True)
        if wrong is None:
            answered = answered_tools(made)
            left = [tool for tool in made.tools if tool.name not in answered]
            return made, {tool.name: rejected.get(tool.name) or _why_none(tool) for tool in left}
        rejected[wrong.tool] = wrong.why


def _why_none(tool: ToolSpec) -> str:
    return (tool.inferred.why if tool.inferred is not None else None) or "there is no function of it"


def _settled(
    compiled: Compiled, checked: CheckResult, rejected: dict[str, str], observed: Observed | None
) -> Environment:
    """The compiled environment without some functions, beginning with what the recording shows.

    Where that does not fit the schema of the state, it begins with no records; where nothing is said of what was
    observed, the state that it was compiled with is that already.
    """
    made = settled(compiled, {**checked.failed, **rejected}, checked.verified - checked.failed.keys())
    if observed is None:
        return made
    shown = observed_state(compiled, observed)
    for collections in (shown.collections, dict[str, tuple[JsonObject, ...]]()):
        document = StateDocument(collections=collections, singletons=shown.singletons)
        try:
            begun = made.replaced(initial_state=document)
            Runtime(begun)
        except SpecError:
            continue
        return begun
    return made
