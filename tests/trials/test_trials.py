"""The trials in small, and that they would find what they look for."""

import os
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.monty_engine import monty_simulator
from tests.support.wire import Reply, Wire
from tests.trials import hostile, losses
from tests.trials.crash import Findings as Crashes
from tests.trials.crash import Known, compare_logs, kill_under_load, unmatched
from tests.trials.engines import Episode, _compare_episode  # pyright: ignore[reportPrivateUsage]
from tests.trials.engines import Findings as Compared
from tests.trials.hostile import Findings as Hostilities
from tests.trials.hostile import be_hostile, send_one
from tests.trials.hostility.messages import MESSAGES
from tests.trials.language import Findings as Fuzzed
from tests.trials.language import _Canary, _try, fuzz_language  # pyright: ignore[reportPrivateUsage]
from tests.trials.soak import Findings as Soaked
from tests.trials.soak import _conclude  # pyright: ignore[reportPrivateUsage]

from toolworld.environments import Call, Outcome, Runtime, ToolSpec, View
from toolworld.environments.behaviour.host_functions import HostFunctions

ADD: dict[str, Any] = {"call": {"name": "add", "arguments": {}}, "result": {"n": 1}, "failure": None}
DONE: tuple[str, Any, Any] = ("add", {}, {"structuredContent": {"n": 1}})


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    findings = await kill_under_load(tmp_path, 2)
    assert findings.faults == []
    assert findings.acknowledged > 50


@pytest.mark.timeout(120)
async def test_hostile_inputs_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "SLOW_MS", 5_000)  # other tests run at the same time
    monkeypatch.setattr(hostile, "SOON_SECONDS", 60)
    findings = await be_hostile(tmp_path, 1500, seed=7)
    assert findings.faults == []
    assert findings.sent == 1500
    assert len(findings.by_kind) >= 40


def test_a_lost_call_would_be_found() -> None:
    assert unmatched([DONE, DONE], [ADD, ADD]) is None
    assert unmatched([DONE, DONE], [ADD]) == 1
    assert unmatched([DONE], [{**ADD, "result": {"n": 2}}]) == 0
    assert unmatched([DONE], [{**ADD, "call": {"name": "add", "arguments": {"n": 5}}}]) == 0


async def test_a_call_that_nobody_made_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def log(*_: Any) -> Reply:
        return Reply(200, b"", b'[{"call": {"name": "x", "arguments": {}}, "result": null, "failure": null}]')

    monkeypatch.setattr(Wire, "ask", log)
    findings = Crashes()
    await compare_logs(0, [Known("e")], findings)
    assert findings.faults == ["e: 1 calls in the log that nobody made"]


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(500, b"", b""), "status 500"),
        (Reply(200, b"", b"Traceback (most recent call last)"), "Traceback"),
        (Reply(200, b"", b"victim-one"), "names an episode"),
        (Reply(404, b"", b"{}"), ""),
    ],
)
async def test_harm_would_be_found(monkeypatch: pytest.MonkeyPatch, reply: Reply, found: str) -> None:
    class Stub:
        async def send(self, _: bytes) -> Reply:
            return reply

    findings = Hostilities()
    monkeypatch.setattr(hostile, "KINDS", {"flipped_bytes": MESSAGES["flipped_bytes"]})
    await send_one(cast(Wire, Stub()), random.Random(0), ["victim-one"], 1, findings)
    assert len(findings.faults) == bool(found)
    assert found in "".join(findings.faults)


def test_memory_that_grows_would_be_found() -> None:
    flat, growing = Soaked(), Soaked()
    _conclude(flat, [0.1] * 10, [(at, 100 << 20) for at in range(100)], 100, 1)
    assert flat.faults == []
    _conclude(growing, [0.1] * 10, [(at, (100 + at) << 20) for at in range(100)], 100, 1)
    assert len(growing.faults) == 1


async def test_all_engines_answer_the_same_and_a_difference_would_be_found(counters: Runtime) -> None:
    class Wrong:
        name = "behaviour"

        async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
            outcome = await counters.simulator.simulate(tool, call, view)
            return replace(outcome, result=None) if tool.name == "add" else outcome

    calls = [Call(name="show_count", arguments={"name": "a"}), Call(name="add", arguments={"name": "a"})]
    compared = Compared()
    with monty_simulator(counters.environment) as monty:
        engines: Any = {"in process": counters.simulator, "monty": monty}
        await _compare_episode(counters, engines, Episode("recorded", 0, calls), compared)
        assert (compared.recorded, compared.faults) == (2, [])
        engines["wrong"] = Wrong()
        await _compare_episode(counters, engines, Episode("recorded", 0, calls), compared)
    [fault] = compared.faults
    assert fault.startswith("counters, wrong: name='add'")


async def test_no_generated_program_reaches_out_and_one_that_does_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = await fuzz_language(tmp_path, 300, seed=3)
    assert findings.faults == [] and findings.ran > 5 and findings.refused > 100

    def today(*_: object) -> str:
        return Path("/etc/hostname").read_text()

    monkeypatch.setattr(HostFunctions, "today", today)
    reached = Fuzzed()
    _try("def t(a=1):\n    return today()\n", _Canary(), reached)
    assert len(reached.faults) == 1 and "open" in reached.faults[0]


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_with_the_log_and_a_loss_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "KINDS", {"log": losses.KINDS["log"]})
    findings = await losses.lose_things(tmp_path, 1, say=print)
    assert findings.faults == [] and findings.acknowledged > 20 and findings.refused > 0

    def forge(store: Path, _: random.Random) -> None:
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute("DELETE FROM events WHERE step = 1")
        os.unlink(f"{store}-wal")

    forged = tmp_path / "forged"
    forged.mkdir()
    monkeypatch.setattr(losses, "KINDS", {"log": forge})
    findings = await losses.lose_things(forged, 1, say=print)
    assert findings.faults and "is not among" in findings.faults[0]
