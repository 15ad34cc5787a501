"""A program for an environment, compiled from what its tools, their documented errors and its state say."""

from toolworld.environments.compiler.compile import compile_toolset, settled
from toolworld.environments.compiler.self_check import self_check
from toolworld.environments.importers.environment_tools import tools_of_environment
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import CollectionSchema, StateSchema


def compile_environment(environment: Environment, *, seed: int = 0) -> Environment:
    """The same environment with a compiled program, which a model completes; its own program is not looked at.

    Args:
        environment: The environment. Its tools, with their errors and schemas, and its initial state say what is
            compiled.
        seed: Decides the data of collections of which the state has none.
    """
    compiled = compile_toolset(tools_of_environment(environment), seed=seed)
    checked = self_check(compiled)
    made = settled(compiled, checked.failed, checked.verified - checked.failed.keys())
    parties = {tool.name: tool.party for tool in environment.tools}
    collections = {
        name: _as_before(shape, environment.state_schema.collections.get(name))
        for name, shape in made.state_schema.collections.items()
    }
    return made.replaced(
        state_schema=StateSchema(collections=collections, singletons=made.state_schema.singletons),
        policy=environment.policy,
        rules=environment.rules,
        clock=environment.clock,
        reads=environment.reads,
        tools=tuple(one.model_copy(update={"party": parties[one.name]}) for one in made.tools),
    )


def _as_before(made: CollectionSchema, before: CollectionSchema | None) -> CollectionSchema:
    """A collection with the volatile fields that it had, as far as its records have them.

    Its references are not kept: a compiled program does not look after all of them.
    """
    if before is None or before.key != made.key:
        return made
    known = made.record.get("properties")
    fields = {*known} if isinstance(known, dict) else set[str]()
    return made.model_copy(update={"volatile": tuple(one for one in before.volatile if one in fields)})
