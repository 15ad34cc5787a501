"""Replay: an episode's calls made again, to prove that they give the same results and the same state."""

from toolworld.environments import Event, ReplaySimulator
from toolworld.ground import ReplayError, same
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.log import follow


async def replay(episode: Episode) -> int:
    """Make an episode's calls again; nothing is written.

    Calls that a program answered are answered by it again. Those of models, and those that broke their
    simulator, are answered by the recording.

    Returns:
        The number of calls.

    Raises:
        ReplayError: an event came out differently, or the final state is another one.
    """
    runtime, recorded = episode.runtime, await episode.log()
    recording = ReplaySimulator({event.step: event for event in recorded})
    snapshot = runtime.start
    for event in recorded:
        if event.withheld is not None:  # refused, with arguments that were not kept: there is nothing to make again
            snapshot = runtime.advance(snapshot, event)
            continue
        broke = event.failure is not None and event.failure.kind == "simulator"  # such as out of time, on that day
        again = event.simulator in ("behaviour", "check") and not broke  # injected faults are drawn again too
        made, snapshot = await runtime.step(snapshot, event.call, episode.row.seed, None if again else recording)
        if not same(_content(made), _content(event)):
            raise ReplayError(f"the replay of step {event.step} ({event.call.name}) differs from the log")
    if snapshot.state.digest != follow(runtime, runtime.start, recorded).snapshots[-1].state.digest:
        raise ReplayError("the replay ends in another state than the episode")
    return len(recorded)


def _content(event: Event) -> object:
    """What must be the same again: not who answered, nor what it cost."""
    return event.model_dump(mode="json", exclude={"simulator", "usage"})
