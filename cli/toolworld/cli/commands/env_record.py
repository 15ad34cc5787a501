"""`toolworld env record | twin`: a real MCP server recorded while a client uses it, and its twin."""

import os
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import anyio
import typer

from toolworld.cli.interrupt import hear_ctrl_c
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import count, plain, print_json, stderr_console, stdout_console, table
from toolworld.environments import (
    CAPTURE_FILE,
    SPEC_FILE,
    Capture,
    MadeTwin,
    WrittenProgram,
    environment_id,
    make_twin,
    read_capture,
    save_folder,
    write_program,
)
from toolworld.ground import UsageError, task_group
from toolworld.llm import LedgerEntry

if TYPE_CHECKING:  # the MCP SDK is loaded when something is recorded
    from toolworld.server import Recorder, ServerToRecord

_SHOWN = 40


def record(
    out: Annotated[Path, typer.Option(help="The folder that the twin is written to; a new or an empty one.")],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- COMMAND...", help="Starts the server, which talks on stdio.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="The URL of a server that talks over HTTP, instead.")] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:VALUE", help="Sent with each request to --url; ${NAME} is an environment variable."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Serve the client over HTTP, at /mcp; by default on stdin and stdout."),
    ] = None,
) -> None:
    """Stand between an MCP client and a real server, and keep every list, call and answer; then make the server's twin.

    Put it into the client's configuration in the place of the server's own command. When the client leaves, the twin
    is made: `toolworld serve FOLDER` answers without the server. Secrets are masked when they are recorded.

    Example: toolworld env record --out memory_twin -- npx -y @modelcontextprotocol/server-memory
    """
    if bool(command) == (url is not None):
        raise UsageError("name the server by a command after --, or by --url; one of the two")
    if header and url is None:
        raise UsageError("--header is for --url")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already; --out takes a new or an empty folder")
    from toolworld.server import ServerToRecord

    hear_ctrl_c()
    headers = dict(_header(one) for one in header or ())
    place = url if url is not None else tuple(command or ())
    out.mkdir(parents=True, exist_ok=True)
    try:
        anyio.run(_record, ServerToRecord(place, headers, os.environ), out, environment_id(out.resolve().name), http)
    except UsageError:  # nothing was recorded: the command can be given again
        (out / CAPTURE_FILE).unlink(missing_ok=True)
        raise


def twin(
    folder: Annotated[Path, typer.Argument(help="A folder of `env record`.")],
    model: Annotated[str | None, typer.Option(help=f"A model that writes the program ({MODEL_NAMES}).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the model.")] = 0,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the twin of a recording anew, and show what answers each of its tools.

    `env record` makes it when the client leaves, with a program that is compiled from the schemas. A model can write a
    better one; it is kept if it gives every recorded answer, and else exit code 1 says that it was not.

    Example: toolworld env twin memory_twin --model openai:gpt-4o-mini
    """
    capture = folder / CAPTURE_FILE
    if not capture.is_file():
        raise UsageError(f"{folder} holds no recording: there is no {CAPTURE_FILE}")
    recorded, name = read_capture(capture), environment_id(folder.resolve().name)
    options = ModelOptions(model=model, budget=budget, prices=prices, cache=model_cache)
    written, entries = anyio.run(_write, recorded, name, options, seed) if model else (None, [])
    made = anyio.run(partial(make_twin, recorded, name, program=written.environment if written else None))
    why = written.why if written is not None and written.environment is None else None
    if why is None or not (folder / SPEC_FILE).is_file():  # what is there may have a program that was kept before
        save_folder(made.environment, folder)
    if as_json:
        costs = [entry.model_dump(mode="json") for entry in entries]
        shown = {"environment": made.environment.id, **made.report.model_dump(mode="json")}
        print_json({**shown, "not_kept": why, "models": costs})
    else:
        _show(made, folder)
        if why is not None:
            stdout_console().print(f"[yellow]the program that {plain(model or '')} wrote is not kept:[/] {plain(why)}")
        show_costs(entries)
    if why is not None:
        raise typer.Exit(1)


async def _write(
    recorded: Capture, name: str, options: ModelOptions, seed: int
) -> tuple[WrittenProgram, list[LedgerEntry]]:
    async with open_chosen_models(options, "twin", trusted=False) as models:
        author = await models.models.get(options.model or "", "author")
        return await write_program(recorded, name, author, seed=seed), models.models.ledger.entries


def _show(made: MadeTwin, folder: Path) -> None:
    rows = table("", ("tool", "recorded", "not recorded", "why"), fixed=("recorded", "not recorded"))
    for tool in made.environment.tools[:_SHOWN]:
        recorded = sum(one.tool == tool.name for one in made.environment.recording)
        by = "program" if tool.name in made.report.programs else "refused"
        rows.add_row(plain(tool.name), str(recorded), by, plain(made.report.rejected.get(tool.name, "")))
    stdout_console().print(rows)
    stdout_console().print(plain(_summary(made, folder)))


def _summary(made: MadeTwin, folder: Path) -> str:
    report = made.report
    lost = f", {count(report.left_out, 'call')} left out" if report.left_out else ""
    kept = f"{count(report.calls, 'recorded call')}, {count(report.answers, 'answer')} kept{lost}"
    programs = f"programs answer {len(report.programs)} of {count(len(made.environment.tools), 'tool')} beyond them"
    return f"{folder}: {kept}; {programs}. Try: toolworld serve {folder}"


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()):
        raise UsageError(f"--header {text[:40]!r} is not written as NAME:VALUE")
    return name.strip(), re.sub(r"\$\{(\w+)\}", lambda found: _variable(found[1]), value.strip())


def _variable(name: str) -> str:
    if name not in os.environ:
        raise UsageError(f"--header: there is no environment variable {name!r}")
    return os.environ[name]


async def _record(server: "ServerToRecord", out: Path, name: str, http: str | None) -> None:
    """Record until the client leaves or a signal comes. The twin is made before the server is stopped: it may hang."""
    from toolworld.server import open_recorder, record_stdio

    async def finish() -> None:
        made = await make_twin(read_capture(out / CAPTURE_FILE), name)
        save_folder(made.environment, out)
        stderr_console().print(f"toolworld: {plain(_summary(made, out))}", soft_wrap=True)

    with _bound(http) as listening:  # before anything is started
        async with open_recorder(server, out / CAPTURE_FILE) as recorder:
            if listening is not None:
                await _record_http(recorder, listening)
            else:
                async with task_group() as tasks:
                    tasks.start_soon(_end_on_signal, finish)
                    await record_stdio(recorder)
                    tasks.cancel_scope.cancel()
            await finish()


def _bound(address: str | None) -> AbstractContextManager[socket | None]:
    from toolworld.server import bind

    return nullcontext() if address is None else bind(address, None)


async def _end_on_signal(finish: Callable[[], Awaitable[None]]) -> None:
    """Finish at a signal. A thread waits for stdin, which whoever sent the signal may leave open."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            await finish()
            _end_children()
            os._exit(0)


def _end_children() -> None:
    """End the recorded server, where the system says which processes are this one's."""
    for task in Path("/proc/self/task").glob("*/children"):
        for child in task.read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)


async def _record_http(recorder: "Recorder", listening: socket) -> None:
    """Answer clients until a signal comes."""
    from toolworld.server import listen, recording_app

    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    stderr_console().print(f"toolworld: recording at http://{shown}:{port}/mcp until Ctrl-C")
    for one in (signal.SIGTERM, signal.SIGINT):  # uvicorn ends at a signal and raises it again, and there is more to do
        signal.signal(one, signal.SIG_IGN)
    await listen(recording_app(recorder), listening)
