"""Fault injection around any simulator: refusals, delays and stale reads, decided by seeds, step and tool alone."""

import hashlib
from dataclasses import replace

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, Simulator, View
from toolworld.environments.spec.fault_profile import FaultProfile, InjectedFault
from toolworld.environments.spec.tool import ToolSpec


class FaultySimulator:
    """Wraps a simulator and injects the faults of a profile."""

    def __init__(self, inner: Simulator, profile: FaultProfile) -> None:
        self._inner = inner
        self._profile = profile
        self.name: SimulatorName = inner.name

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Refuse the call, or pass it on, possibly marked as delayed or with a stale state."""
        injected = _draw_fault(self._profile, tool, view)
        if injected is None:
            return await self._inner.simulate(tool, call, view)
        if injected.kind in ("transient", "rate_limit"):
            return Outcome(failure=_refusal(tool, injected), injected=injected)
        if injected.kind == "stale_read" and view.snapshot.before is not None:
            # recent calls could reveal the change that a stale read must not show
            view = replace(view, snapshot=replace(view.snapshot, state=view.snapshot.before, recent=()))
        return replace(await self._inner.simulate(tool, call, view), injected=injected)


def _draw_fault(profile: FaultProfile, tool: ToolSpec, view: View) -> InjectedFault | None:
    """Draw at most one fault for the step, refusals first."""
    if _chance(profile, tool, view, "transient") < profile.transient:
        return InjectedFault(kind="transient")
    if _chance(profile, tool, view, "rate_limit") < profile.rate_limit:
        return InjectedFault(kind="rate_limit", seconds=1 + int(_chance(profile, tool, view, "retry_after") * 30))
    stale = tool.effect == "read" and view.snapshot.before is not None
    if stale and _chance(profile, tool, view, "stale_read") < profile.stale_read:
        return InjectedFault(kind="stale_read")
    if _chance(profile, tool, view, "latency") < profile.latency:
        seconds = round(profile.latency_seconds * _chance(profile, tool, view, "seconds"), 3)
        return InjectedFault(kind="latency", seconds=seconds)
    return None


def _chance(profile: FaultProfile, tool: ToolSpec, view: View, purpose: str) -> float:
    """A pseudorandom number from 0 to 1 that is the same in any process."""
    digest = hashlib.sha256(f"{profile.seed}:{view.seed}:{view.step}:{tool.name}:{purpose}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def _refusal(tool: ToolSpec, injected: InjectedFault) -> Failure:
    if injected.kind == "transient":
        message = f"{tool.name} is temporarily unavailable; nothing was changed. Try again."
        return Failure(kind="tool", code="temporarily_unavailable", message=message)
    message = (
        f"Too many requests: {tool.name} can be called again after {injected.seconds:g} seconds. Nothing was changed."
    )
    return Failure(kind="tool", code="rate_limited", message=message)
