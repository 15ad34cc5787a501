"""Folders, packs, schemas, clocks, programs and stores of strangers: each is read, or refused in a sentence, soon."""

import io
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.counters import COUNTER, counter_environment
from tests.support.hostile_texts import UNSAFE
from tests.trials.hostility.sending import any_value

from toolworld.cli.screen import PlainConsole, table
from toolworld.datasets import load_suite
from toolworld.environments import (
    Call,
    Environment,
    Runtime,
    SimulationPlan,
    load_environments,
    load_folder,
    save_folder,
    save_pack,
)
from toolworld.ground import Schema
from toolworld.server import Episodes, open_episodes

SECRET = "what-nobody-but-the-owner-may-read"
Inspect = Callable[[Path, random.Random], Awaitable[str | None]]
"""Makes something hostile in an empty folder, and reads it; what it was not refused for although it must be."""
_PARTS = ("environment.json", "policy.md", "state.json", "behaviour.py", "tasks.json", "policy_checks.json")


def _folder(place: Path) -> Path:
    save_folder(counter_environment(), place / "mine")
    (place / "secret").write_text(SECRET)
    return place / "mine"


async def _load(folder: Path) -> Environment:
    environment = load_folder(folder)
    await load_suite([str(folder)], simulation=SimulationPlan())
    assert SECRET not in environment.policy + (environment.behaviour or "")
    return environment


async def _links(place: Path, chance: random.Random) -> str | None:
    """Parts that lead out of the folder, to devices, pipes and other folders."""
    folder = _folder(place)
    part = folder / chance.choice(_PARTS)
    part.unlink(missing_ok=True)
    target = chance.choice(
        ["../secret", str(place / "secret"), "/proc/self/environ", "/dev/zero", "/dev/stdin", "..", ".", "loop"]
    )
    if chance.random() < 0.2:
        os.mkfifo(part)
    elif target == "loop":
        part.symlink_to(part.name)
    else:
        part.symlink_to(target)
    await _load(folder)
    return None if part.name in ("tasks.json", "policy_checks.json") else f"{part.name} -> {target} was read"


async def _bytes(place: Path, chance: random.Random) -> str | None:
    """Parts with bytes that were changed, cut off or put in."""
    folder = _folder(place)
    part = folder / chance.choice(_PARTS[:4])
    data = bytearray(part.read_bytes())
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.choice(
            [b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"1e999", b"{", b'"', b"[" * 300]
        )
    part.write_bytes(data)
    await _load(folder)
    return None


async def _repeated_keys(place: Path, chance: random.Random) -> str | None:
    folder = _folder(place)
    part = folder / chance.choice(["environment.json", "state.json"])
    text = part.read_text()
    starts = [at for at, letter in enumerate(text) if letter == "{"]
    at = chance.choice(starts) + 1
    part.write_text(f'{text[:at]} "twice": 1, "twice": 2, {text[at:]}'.replace(", }", "}"))
    await _load(folder)
    return "a key that stands twice was read"


async def _values(place: Path, chance: random.Random) -> str | None:
    """Any value in any field of the specification or the state."""
    folder = _folder(place)
    part = folder / chance.choice(["environment.json", "state.json"])
    whole: Any = json.loads(part.read_text())
    spot, key = _some_place(whole, chance)
    spot[key] = any_value(chance)
    part.write_text(json.dumps(whole))
    environment = await _load(folder)
    Runtime(environment)
    return None


def _some_place(value: Any, chance: random.Random) -> tuple[Any, Any]:
    """An object or list somewhere in a value, and a key or position in it."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))  # pyright: ignore
    key = chance.choice(keys)
    inner: Any = value[key]  # pyright: ignore
    if isinstance(inner, dict | list) and bool(inner) and chance.random() < 0.7:  # pyright: ignore
        return _some_place(inner, chance)
    return value, key  # pyright: ignore


async def _clocks(place: Path, chance: random.Random) -> str | None:
    year, zone = chance.choice(["0001", "1970", "2026", "9999"]), chance.choice(["Z", "+00:00", "+14:00", "-01:30", ""])
    start = f"{year}-12-31T23:59:00{zone}"
    folder = _folder(place)
    tick = chance.choice([1, 60, 31_622_400, 10**12, -5, 0.5, True])
    spec = json.loads((folder / "environment.json").read_text())
    (folder / "environment.json").write_text(json.dumps({**spec, "clock": {"start": start, "tick_seconds": tick}}))
    made = load_folder(folder)
    for step in (0, 1, 10**6, 2**53):
        made.clock.moment(step)
    return None if zone in ("Z", "+00:00") and 0 < tick <= 31_622_400 else f"{start} and {tick} were taken"


async def _schemas(place: Path, chance: random.Random) -> str | None:
    """Schemas that refer out of themselves, or ask for more than there is time."""
    many = chance.choice([2, 20, 40, 300])
    definitions: Any = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * chance.choice([1, 2, 3])} for n in range(many)
    }
    definitions[f"d{many}"] = {"type": "object"}
    schema: Any = chance.choice(
        [
            {"$schema": chance.choice(["http://127.0.0.1:9/x", "file:///etc/passwd", "urn:x"])},
            {"$ref": chance.choice(["http://127.0.0.1:9/x", "file:///etc/passwd", "#/nowhere", "#", "x.json"])},
            {"$defs": definitions, "$ref": "#/$defs/d0"},
            {"patternProperties": {"(a+)+$": {}, "(x|xx)*y": {"type": "string"}}},
            {"pattern": chance.choice(["(a|a)*b", "(?=(a+))\\1*b", "[", "a{1,99999}{1,99999}", "(?<!a+)b"])},
            {"enum": [any_value(chance) for _ in range(20)], "const": any_value(chance)},
            {"properties": {"a": any_value(chance)}, "items": any_value(chance), "required": any_value(chance)},
            {
                "type": chance.choice(["object", "null", "x", ["string", 5]]),
                "multipleOf": chance.choice([0, -1, 1e-300, "1"]),
            },
        ]
    )
    compiled = Schema(schema, "the schema")
    values: list[Any] = [{"a" * 40: "a" * 40}, "a" * 5_000, [[[{}]]], 1e308, {"x" * 3_000: 1}]
    for value in values:
        said = compiled.error_in(value)
        assert said is None or len(said) < 4_000, said
    return None


async def _packs(place: Path, chance: random.Random) -> str | None:
    """Lines that are none, of any length, with ids that stand twice."""
    path = place / "pack.jsonl"
    save_pack([counter_environment(), counter_environment(id="more")], path)
    data = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(4)] = chance.choice(
            [b"\n", b"", b"\x00", b"{" * 400, b'"id":"counters",', b"\xff\xfe", b" " * 9_000]
        )
    path.write_bytes(data)
    load_environments([str(path)])
    return None


async def _programs(place: Path, chance: random.Random) -> str | None:
    """Programs that are not in the language, or do not load; they are never run here."""
    pieces = [
        "while True: pass",
        "import os",
        "x = ().__class__",
        "def f(): return f()",
        "return 5",
        "a = [0] * 10**9",
        "(" * 300,
        "\x00",
    ]
    lines = [*map(str, COUNTER.split("\n"))]
    for _ in range(chance.randrange(1, 5)):
        lines.insert(chance.randrange(len(lines)), f"{' ' * chance.choice([0, 4, 8])}{chance.choice(pieces)}")
    runtime = Runtime(counter_environment("\n".join(lines)), simulation=SimulationPlan())
    event, _ = await runtime.step(runtime.start, Call(name="add", arguments={"name": "a"}))
    assert event.failure is None or event.failure.kind in ("simulator", "tool")
    return None


async def _texts(place: Path, chance: random.Random) -> str | None:
    """Texts that steer a terminal, or are markup."""
    letters = [
        "[",
        "]",
        "/",
        "red",
        "link=http://x",
        "\x1b[2J",
        "\x1b]8;;http://x\x07",
        "\x9b1m",
        "\u202e",
        "\u2066",
        "\r",
        "\b",
        "\x7f",
        "a",
        "\\",
    ]
    text = "".join(chance.choice(letters) for _ in range(chance.randrange(1, 30)))
    shown = io.StringIO()
    console = PlainConsole(file=shown, width=200, force_terminal=True, highlight=False)
    rows = table(text, (text, "b"))
    rows.add_row(text, text)
    console.print(rows)
    console.print(text, f"[bold]{text}[/]")
    own = shown.getvalue()
    for mark in ("\x1b[1m", "\x1b[0m", "\x1b[31m", "\x1b[1;31m", "\x1b[3m", "\x1b[2m", "\x1b[1;3m", "\x1b[1;3;31m"):
        own = own.replace(mark, "")  # of our own words, and of colours, which are no harm
    left = [mark for mark in UNSAFE if mark in own]
    return f"{left!r} went through: {own!r}" if left else None


async def _stores(place: Path, chance: random.Random) -> str | None:
    """Stores with bytes that were changed, and episodes that are forked from themselves."""
    path = place / "s.sqlite"
    environment = counter_environment()
    async with open_episodes([environment], store=path, simulation=SimulationPlan(trusted=True)) as episodes:
        episode = await episodes.open("counters", episode="a")
        await episode.call(Call(name="add", arguments={"name": "a"}))
        await episodes.fork("a", episode="b")
    if chance.random() < 0.3:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "UPDATE episodes SET parent = ?, fork_step = 1, fork_exchange = 1", [chance.choice(["a", "b"])]
            )
    elif chance.random() < 0.3:
        with closing(sqlite3.connect(path)) as connection, connection:
            junk = chance.choice([b"", b"{}", b"\xff", b"[" * 500, b'{"step": -1}', "text"])
            connection.execute("UPDATE events SET event = ?", [junk])
    else:
        data = bytearray(path.read_bytes())
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
    async with open_episodes([environment], store=path, simulation=SimulationPlan(trusted=True)) as episodes:
        await _read_all(episodes)
    return None


async def _read_all(episodes: Episodes) -> None:
    for name in ("a", "b"):
        found = await episodes.get(name)
        await found.log()
        await found.exchanges()
        await episodes.trajectory(found)


FOLDERS: dict[str, Inspect] = {
    "folder_links": _links,
    "folder_bytes": _bytes,
    "repeated_keys": _repeated_keys,
    "odd_values": _values,
    "clocks": _clocks,
    "schemas": _schemas,
    "packs": _packs,
    "programs": _programs,
    "terminal_texts": _texts,
    "stores": _stores,
}


def emptied(place: Path) -> Path:
    """A folder without anything in it."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place
