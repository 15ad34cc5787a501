"""A point in an episode: all that the next call depends on."""

from dataclasses import dataclass

from toolworld.environments.calls.event import Event
from toolworld.environments.state.state import State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An episode between two calls."""

    state: State
    step: int = 0
    """How many calls were made before this point."""
    ids: int = 0
    """How many ids the episode has issued."""
    before: State | None = None
    """The state before the latest change, if there was one; stale reads show it."""
    recent: tuple[Event, ...] = ()
    """The latest events, oldest first; kept only where a model may be asked, which has to know them."""

    def next(self, state: State, event: Event, remember: int = 0) -> "Snapshot":
        """The snapshot after an event, with at most `remember` of the latest events."""
        before = self.before if state is self.state else self.state
        recent = (*self.recent, event)[-remember:] if remember else ()
        return Snapshot(state, self.step + 1, event.ids, before, recent)
