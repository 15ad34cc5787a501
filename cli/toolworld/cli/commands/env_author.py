"""`toolworld env new | schema | call | demo`: to begin an environment, to try its tools, to see its tasks played."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer
from orjson import OPT_INDENT_2, dumps

from toolworld.cli.commands.demo import Played, play_demo, show_demo
from toolworld.cli.options.types import AsJson, Trust
from toolworld.cli.screen import plain, print_json, stdout_console
from toolworld.datasets import DRAFTS, drafts_schema, load_suite
from toolworld.environments import (
    SPEC_FILE,
    Call,
    Environment,
    Event,
    Runtime,
    SimulationPlan,
    ToolSpec,
    load_environments,
    new_folder,
    spec_schema,
)
from toolworld.ground import EncodingError, JsonObject, JsonValue, UsageError, decode, encode, write_atomically

THEN = "then"
"""The word between two calls in a row."""


def new(
    name: Annotated[str, typer.Argument(help="The environment's id, and the folder's name.")],
    parent: Annotated[Path, typer.Option("--in", help="The folder that it is made in.")] = Path(),
) -> None:
    """Begin an environment of your own: a small folder that runs, to be changed file by file.

    Example: toolworld env new bicycle_workshop
    """
    folder = new_folder(name, parent)
    stdout_console().print(f"""Written to [bold]{plain(str(folder))}[/]: a place that lends tools, for you to change.

  environment.json   tools, state schema and rules
  policy.md          what the agent must obey
  state.json         the records to begin with
  behaviour.py       what the tools do
  tasks.json         what users want, and the right calls

Try next:
  [bold]toolworld env call {plain(str(folder))} find_member name="Ada Berger"[/]
  [bold]toolworld env check {plain(str(folder))}[/]
  [bold]toolworld env demo {plain(str(folder))}[/]
  [bold]toolworld serve {plain(str(folder))}[/]""")


_SCHEMAS: dict[str, Callable[[], JsonObject]] = {SPEC_FILE: spec_schema, DRAFTS: drafts_schema}


def schema(
    file: Annotated[str, typer.Argument(help=f"{' or '.join(_SCHEMAS)}.")] = SPEC_FILE,
    out: Annotated[Path | None, typer.Option(help="Write it to this file instead.")] = None,
) -> None:
    """Print the JSON Schema of a file of an environment, with which editors complete and check it.

    In environment.json, "$schema" may say where it is.

    Example: toolworld env schema tasks.json --out tasks.schema.json
    """
    if file not in _SCHEMAS:
        raise UsageError(f"there is no schema of {file!r}; there are: {', '.join(_SCHEMAS)}")
    if out is None:
        print_json(_SCHEMAS[file]())
    else:
        write_atomically(out, dumps(_SCHEMAS[file](), option=OPT_INDENT_2) + b"\n", UsageError)


def call(
    environment: Annotated[str, typer.Argument(help="A folder or a built-in name.")],
    words: Annotated[
        list[str],
        typer.Argument(metavar="TOOL [NAME=VALUE]...", help=f"The call; `{THEN}` begins another one after it."),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Decides the ids that are issued.")] = 0,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Call tools of an environment, one after the other, and see results and what changed.

    A value is taken as JSON if it is that and the tool does not want a text: count=3, tags='["a"]'.
    Exit code 1 if a call fails.

    Example: toolworld env call library find_patron name="Amira Okafor" postcode="RV3 2LN" then list_loans ...
    """
    found = load_environments([environment])
    if len(found) != 1:
        raise UsageError(f"{environment} holds {len(found)} environments; tools are called in one")
    [loaded] = found
    events = anyio.run(_make_calls, loaded, _read_calls(loaded, words), seed, trust)
    if as_json:
        print_json([event.model_dump(mode="json") for event in events])
    else:
        for event in events:
            _show(event)
    if any(event.failure for event in events):
        raise typer.Exit(1)


def demo(
    environment: Annotated[str, typer.Argument(help="A folder or a built-in name.")],
    out: Annotated[Path, typer.Option(help="The folder to write to; what an earlier demo wrote is replaced.")] = Path(
        "out"
    ),
) -> None:
    """Play the tasks of an environment right, then again with mutations, and judge every run.

    Exit code 1 if a right run does not pass, or a mutation is not caught.

    Example: toolworld env demo my_environment/
    """
    played = anyio.run(_play, environment, out / "demo")
    if not show_demo(*played):
        raise typer.Exit(1)


async def _play(environment: str, folder: Path) -> Played:
    return await play_demo(await load_suite([environment]), folder)


def _read_calls(environment: Environment, words: Sequence[str]) -> list[Call]:
    calls: list[list[str]] = [[]]
    for word in words:
        if word == THEN:
            calls.append([])
        else:
            calls[-1].append(word)
    return [_read_call(environment, call) for call in calls]


def _read_call(environment: Environment, words: Sequence[str]) -> Call:
    if not words:
        raise UsageError(f"a call is TOOL NAME=VALUE ..., and one of those around `{THEN}` is empty")
    tool = environment.tool(words[0])
    if tool is None:
        raise UsageError(environment.unknown_tool(words[0]))
    arguments: dict[str, JsonValue] = {}
    for word in words[1:]:
        name, equals, text = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is not written as NAME=VALUE; {tool.name} takes {', '.join(tool.parameters)}")
        arguments[name] = _read_value(tool, name, text)
    return Call(name=tool.name, arguments=arguments)


def _read_value(tool: ToolSpec, name: str, text: str) -> JsonValue:
    kind = tool.parameters.get(name, {}).get("type")
    if kind == "string":
        return text
    try:
        return decode(text)
    except EncodingError:
        return text


async def _make_calls(environment: Environment, calls: Sequence[Call], seed: int, trust: bool) -> list[Event]:
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=trust))
    await runtime.load_program()
    snapshot, events = runtime.start, list[Event]()
    for one in calls:
        event, snapshot = await runtime.step(snapshot, one, seed)
        events.append(event)
    return events


def _show(event: Event) -> None:
    console = stdout_console()
    arguments = ", ".join(f"{name}={encode(value).decode()}" for name, value in event.call.arguments.items())
    console.print(f"[bold]{event.call.name}[/]({plain(arguments)})  [dim]{event.at}[/]", soft_wrap=True)
    if event.failure is not None:
        console.print(f"  [red]{plain(event.failure.code)}[/]: {plain(event.failure.message)}", soft_wrap=True)
        if event.failure.detail:
            console.print(f"  [dim]{plain(event.failure.detail)}[/]", soft_wrap=True)
    else:
        console.print(f"  {encode(event.result).decode()}", markup=False, soft_wrap=True)
    for op in event.ops:
        console.print(f"  [green]{op.op}[/] {plain(encode(op.model_dump(exclude={'op'})).decode())}", soft_wrap=True)
