"""Recorded and fuzzed calls, answered in process, by confined workers and by `pydantic-monty`: all must be the same.

The recorded calls are those of every task of the built-in environments, done right and with other calls, and of
tau2's retail tasks where its data is at hand. The fuzzed ones match their schemas and use what the state holds.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from tests.support.monty_engine import monty_simulator

from toolworld.datasets import Trajectory, load_suite, read_tau2_tasks
from toolworld.environments import Call, Environment, Event, Runtime, Simulator, Workers, builtin_folders, import_tau2
from toolworld.environments.behaviour.simulator import BehaviourSimulator
from toolworld.environments.confinement.simulator import ConfinedSimulator
from toolworld.ground import JsonSchema, read_lines, same
from toolworld.rollout import Mutation, choose_scripts, play_and_judge
from toolworld.server import InProcessHost, open_episodes

SHARED = Path(os.environ.get("TOOLWORLD_SHARED", Path(__file__).parents[3] / "shared"))
EPISODE_CALLS = 20
"""How many fuzzed calls an episode has."""
OTHER_CALLS: tuple[Mutation, ...] = (
    "changed_argument",
    "extra_write",
    "undone_write",
    "volatile_write",
    "another_person",
    "guessed_identity",
    "others_read",
)
"""The mutations that make other calls than the task's own; the rest only say other things."""
ODD_TEXTS = ("", "x", "2026-03-09", "2027-02-29", "09:30", "Ångström 😀", "0", "-1", "1e5", "a" * 300, "None", "İ")
ODD_NUMBERS = (0, 1, 2.5, 0.1, 19.99, 2.675, -3, 1e9, 1e22, 100, 0.005)


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    recorded: int = 0
    fuzzed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])


class Episode(NamedTuple):
    """Calls that follow each other."""

    kind: str
    seed: int
    calls: Sequence[Call]


async def compare_engines(folder: Path, fuzzed: int, seed: int = 0) -> Findings:
    """Make every call in each engine, and compare events and states.

    Args:
        folder: A scratch folder.
        fuzzed: How many fuzzed calls are made in each environment.
        seed: Decides the fuzzed calls.
    """
    findings = Findings()
    workers = Workers()
    for name in builtin_folders():
        suite = await load_suite([name])
        [environment] = suite.environments
        recorded = [episode async for episode in _played(name, folder / name)]
        await _compare(environment, [*recorded, *_fuzzed(environment, fuzzed, seed)], workers, findings)
    retail = SHARED / "data" / "tau2_retail"
    if retail.is_dir():
        environment = import_tau2(retail)
        tasks = read_tau2_tasks(retail / "tasks.train.jsonl")
        recorded = [
            Episode("recorded", 1, [Call(name=c.name, arguments=c.arguments) for c in row.calls]) for row in tasks
        ]
        await _compare(environment, [*recorded, *_fuzzed(environment, fuzzed, seed)], workers, findings)
    workers.close()
    return findings


async def _played(name: str, folder: Path) -> AsyncGenerator[Episode]:
    suite = await load_suite([name])
    mutations: list[Mutation | None] = [None, *OTHER_CALLS]
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        for mutation in mutations:
            place = folder / str(mutation)
            scripts = await choose_scripts(suite, mutation)
            await play_and_judge(suite, scripts, InProcessHost(episodes), place)
            for run in read_lines(place / "trajectories.jsonl", Trajectory).records:
                yield Episode("recorded", run.seed, [event.call for event in run.log])


async def _compare(environment: Environment, episodes: Sequence[Episode], workers: Workers, findings: Findings) -> None:
    runtime = Runtime(environment)
    with ExitStack() as stack:
        engines: dict[str, Simulator] = {
            "in process": BehaviourSimulator(environment),
            "confined": ConfinedSimulator(environment, runtime.start.state, workers),
            "monty": stack.enter_context(monty_simulator(environment)),
        }
        for episode in episodes:
            await _compare_episode(runtime, engines, episode, findings)


async def _compare_episode(
    runtime: Runtime, engines: Mapping[str, Simulator], episode: Episode, findings: Findings
) -> None:
    snapshots = dict.fromkeys(engines, runtime.start)
    for call in episode.calls:
        events: dict[str, Event] = {}
        for name, engine in engines.items():
            events[name], snapshots[name] = await runtime.step(snapshots[name], call, episode.seed, engine)
        first = events["in process"]
        findings.recorded += episode.kind == "recorded"
        findings.fuzzed += episode.kind == "fuzzed"
        findings.outcomes[first.failure.kind if first.failure else "result"] += 1
        for name, event in events.items():
            if not same(_told(event), _told(first)):
                findings.faults.append(
                    f"{runtime.environment.id}, {name}: {call} gives {_told(event)}, not {_told(first)}"
                )
    digests = {snapshot.state.digest for snapshot in snapshots.values()}
    if len(digests) > 1:
        findings.faults.append(f"{runtime.environment.id}: the states differ after {episode.calls}")


def _told(event: Event) -> Any:
    """An event without the words in which an engine complains of a program that breaks."""
    told = event.model_dump(mode="json")
    if event.failure is not None and event.failure.kind == "simulator":
        told["failure"]["detail"] = None
    return told


def _fuzzed(environment: Environment, calls: int, seed: int) -> Iterator[Episode]:
    fuzzer = _Fuzzer(environment, random.Random(f"{seed}/{environment.id}"))
    for number in range(0, calls, EPISODE_CALLS):
        made = [fuzzer.call() for _ in range(min(EPISODE_CALLS, calls - number))]
        yield Episode("fuzzed", number, made)


class _Fuzzer:
    """Makes calls that match their schemas, with values that stand in the state where a parameter has their name."""

    def __init__(self, environment: Environment, rng: random.Random) -> None:
        self._tools = environment.tools
        self._random = rng
        self._values: dict[str, list[Any]] = defaultdict(list)
        document = Runtime(environment).start.state.document()
        self._gather(document, "")
        collections: Any = document["collections"]
        self._keys: list[str] = [key for records in collections.values() for key in list(records)[:200]]

    def call(self) -> Call:
        tool = self._random.choice(self._tools)
        chosen = {
            name: self._value(shape, name)
            for name, shape in tool.parameters.items()
            if name in tool.required or self._random.random() < 0.5
        }
        return Call(name=tool.name, arguments=chosen)

    def _gather(self, value: Any, name: str) -> None:
        if isinstance(value, dict):
            for inner, one in cast("dict[str, Any]", value).items():
                self._gather(one, inner)
        elif isinstance(value, list):
            for one in cast("list[Any]", value):
                self._gather(one, name)
        else:
            self._values[name].append(value)

    def _value(self, shape: JsonSchema, name: str) -> Any:
        shapes: Any = shape.get("anyOf") or [shape]
        one: Any = self._random.choice(shapes)
        if "enum" in one and self._random.random() < 0.85:
            return self._random.choice(one["enum"])
        kinds: Any = one.get("type")
        kind = str(self._random.choice(cast("list[str]", kinds)) if isinstance(kinds, list) else kinds)
        if kind == "array":
            inner = one.get("items", {})
            return [self._value(inner, name.removesuffix("s")) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
        if kind == "object":
            required = one.get("required", ())
            fields = one.get("properties", {}).items()
            return {
                key: self._value(inner, key) for key, inner in fields if key in required or self._random.random() < 0.6
            }
        return self._scalar(kind, name)

    def _scalar(self, kind: str, name: str) -> Any:
        if kind == "string":
            return self._text(name)
        known = [value for value in self._values[name] if isinstance(value, int | float)]
        match kind:
            case "integer":
                whole = [value for value in known if type(value) is int]
                return self._random.choice([0, 1, 2, 3, 5, -1, 100, 10**6, 2**53 - 1, *whole[:5]])
            case "number":
                return self._random.choice([*ODD_NUMBERS, *known[:20]])
            case "boolean":
                return self._random.random() < 0.5
            case _:
                return None

    def _text(self, name: str) -> str:
        known = [value for value in self._values[name] if isinstance(value, str)]
        chance = self._random.random()
        if name == "expression":
            return "".join(
                self._random.choice(["1", "2.5", "(", ")", "+", "-", "*", "/", "//", "7", "0.1", "**", "3"])
                for _ in range(5)
            )
        if known and chance < 0.7:
            return self._random.choice(known)
        if chance < 0.8:
            return self._random.choice(self._keys)
        if chance < 0.87:
            text = self._random.choice(known or ["abc"])
            return self._random.choice([text.lower(), text.upper(), text[:3], f" {text} ", text.replace(" ", "")])
        return self._random.choice(ODD_TEXTS)
