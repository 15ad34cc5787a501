"""`toolworld view`: pages that show runs, environments and datasets, served or written as files."""

import os
import secrets
import webbrowser
from pathlib import Path
from threading import Thread
from typing import Annotated

import anyio
import typer

from toolworld.cli.interrupt import leave_on_termination
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stderr_console, stdout_console
from toolworld.ground import UsageError
from toolworld.server import bind, build_viewer, checked_token, find_shown, listen, open_site, shown_address, write_site

DEFAULT_ADDRESS = "127.0.0.1:0"
MAX_PROBLEMS = 10
"""Pages that could not be written that are named."""


def view(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Folders of `run`, `make` or `synthesize`, .jsonl files, stores (postgresql://... too), or reports of "
            "`evaluate --json`."
        ),
    ],
    env: Annotated[
        list[str] | None,
        typer.Option(help="An environment of the runs: a folder or a pack (repeat). The built-in ones are known."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the pages into this folder instead of serving them.")] = None,
    http: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen; by default a free port of this machine.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the pages in a browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show runs, environments and datasets on pages: what happened, what it changed, and why the verdict.

    Served, pages are made when they are asked for, and follow files that grow; open the address that is printed, whose
    code lets you in, or sign in with TOOLWORLD_TOKEN where that is set. With --out they are files that need no server.

    Example: toolworld view out/small out/large --open
    """
    if out is not None and http is not None:
        raise UsageError("--out writes files and --http serves pages; choose one")
    if out is None and as_json:
        raise UsageError("--json is for --out")
    leave_on_termination()
    if out is not None:
        anyio.run(_write, paths, env or [], out, open_browser, as_json)
    else:
        anyio.run(_serve, paths, env or [], http or DEFAULT_ADDRESS, open_browser)


async def _write(paths: list[str], env: list[str], out: Path, open_browser: bool, as_json: bool) -> None:
    found = find_shown(paths)
    async with open_site(found, env, served=False) as site:
        with progress("writing pages") as bar:
            line = bar.add_task("", total=None)
            written = await write_site(site, out, lambda runs: bar.update(line, completed=runs))
        problems = [*site.archive.problems, *written.problems]
    index = out / "index.html"
    if as_json:
        print_json({"index": str(index), "pages": written.pages, "bytes": written.bytes, "problems": problems})
    else:
        stdout_console().print(
            f"{plain(str(index))}: {count(written.pages, 'page')}, {written.bytes / 1_000_000:.1f} MB", soft_wrap=True
        )
        for problem in problems[:MAX_PROBLEMS]:
            stderr_console().print(f"[yellow]left out:[/] {plain(problem)}", soft_wrap=True)
        if len(problems) > MAX_PROBLEMS:
            stderr_console().print(f"and {len(problems) - MAX_PROBLEMS} more (--json has them all)")
    if open_browser:
        webbrowser.open(index.resolve().as_uri())
    if problems:
        raise typer.Exit(2)


async def _serve(paths: list[str], env: list[str], address: str, open_browser: bool) -> None:
    token = checked_token(os.environ.get("TOOLWORLD_TOKEN"))
    found = find_shown(paths)
    code = None if token else secrets.token_urlsafe(18)
    secret = token or secrets.token_urlsafe(18)
    with bind(address, secret) as listening:
        host, port = listening.getsockname()[:2]
        base = f"http://{f'[{host}]' if ':' in host else host}:{port}/view"
        async with open_site(found, env, served=True, may_try=True) as site:
            first = f"{base}/index.html" if code is None else f"{base}/enter?code={code}"
            stdout_console().print(
                f"[bold]toolworld[/] shows {plain(', '.join(map(shown_address, paths)))} at", soft_wrap=True
            )
            stdout_console().print(f"  {first}", soft_wrap=True, highlight=False)
            stdout_console().print(
                "[dim]Who has this address can look. Ctrl-C stops it.[/]"
                if token is None
                else "[dim]For holders of TOOLWORLD_TOKEN. Ctrl-C stops it.[/]"
            )
            if open_browser:  # in a thread: some browsers take the terminal
                Thread(target=webbrowser.open, args=(first,), daemon=True).start()
            await listen(build_viewer(site, secret, code=code), listening)
