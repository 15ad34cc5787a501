"""Tasks that others wrote: their calls are made here, and what they do is the truth; or it is said why they prove
nothing."""

from toolworld.datasets.task import Task
from toolworld.datasets.truth.draft import TaskDraft, complete_draft
from toolworld.datasets.truth.reference import run_reference
from toolworld.environments import CHANGES_UNKNOWN, Call, Runtime
from toolworld.ground import EncodingError, SpecError


async def task_or_reason(draft: TaskDraft, runtime: Runtime) -> Task | str:
    """Complete a draft of which nobody wrote which calls are meant to be refused.

    A program that a person wrote is believed when it refuses a call. A compiled one is not: it may be wrong about it.

    Returns:
        The task, or the reason why there is none.
    """
    known = {one.name for one in runtime.environment.tools}
    for call in draft.calls:
        if call.name not in known:
            return f"there is no tool {call.name}"
        if not runtime.has_program(runtime.tool(call.name)):
            return f"{call.name} was not inferred, and only a model can answer it"
    try:
        made = await run_reference(runtime, [Call(name=one.name, arguments=one.arguments) for one in draft.calls])
        for event in made.events:
            inferred = runtime.tool(event.call.name).inferred
            if event.failure is None and not event.ops and inferred is not None and inferred.why == CHANGES_UNKNOWN:
                return f"what {event.call.name} changes was not inferred"
            if event.failure is not None and inferred is not None:
                return f"its call of {event.call.name} is refused by the compiled program: {event.failure.message}"
        calls = tuple(
            call.model_copy(update={"fails": event.failure is not None})
            for call, event in zip(draft.calls, made.events, strict=True)
        )
        return await complete_draft(draft.model_copy(update={"calls": calls}), runtime)
    except (SpecError, EncodingError) as problem:
        return str(problem)
