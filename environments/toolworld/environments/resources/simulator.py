"""Answers the calls of tools that resources are behind."""

from pathlib import Path

import anyio
from anyio import to_thread

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.resources.opening import open_resource, tools_of_resource
from toolworld.environments.resources.resource import RefusedCallError, Resource
from toolworld.environments.spec.resource import ResourceSpec
from toolworld.environments.spec.tool import ToolSpec


class ResourceSimulator:
    """Answers calls by looking up. Each resource is opened at its first call, or by `load`.

    Args:
        specs: The resources.
        folder: The folder of their environment.
    """

    name: SimulatorName = "resource"

    def __init__(self, specs: tuple[ResourceSpec, ...], folder: Path | None) -> None:
        self._folder = folder
        self._specs = {tool.name: spec for spec in specs for tool in tools_of_resource(spec.type)}
        self._open: dict[str, Resource] = {}
        self._opening = anyio.Lock()

    def answers(self, tool: ToolSpec) -> bool:
        """Whether a resource is behind a tool."""
        return tool.function_name in self._specs

    async def load(self) -> None:
        """Open all resources.

        Raises:
            SpecError: one cannot be opened.
        """
        for spec in self._specs.values():
            await self._resource(spec)

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Look up what a call asks for.

        Raises:
            SpecError: the resource cannot be opened.
            SimulationError: it broke or is away.
        """
        del view  # resources do not change
        resource = await self._resource(self._specs[tool.function_name])
        try:
            return Outcome(await resource.answer(tool.function_name, call.arguments))
        except RefusedCallError as refused:
            return Outcome(failure=Failure(kind="tool", code=refused.code, message=str(refused)))

    async def _resource(self, spec: ResourceSpec) -> Resource:
        if spec.type not in self._open:
            async with self._opening:
                if spec.type not in self._open:
                    self._open[spec.type] = await to_thread.run_sync(open_resource, spec, self._folder)
        return self._open[spec.type]
