"""A PostgreSQL server of the tests' own: Debian's, on a free port, with its data in a folder."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.support.ports import free_port
from tests.support.processes import descendants, lives

USER = "toolworld"


class PostgresServer:
    """A server, which can be killed and started again.

    Args:
        binaries: The folder of its programs.
        folder: Where its data are.
        options: Settings besides, as `fsync=off`.
    """

    def __init__(self, binaries: Path, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._binaries, self._folder, self._options = binaries, folder, options
        # it refuses to be run by root
        self._as_user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if not os.geteuid() else []
        )
        if self._as_user:
            shutil.chown(folder, "postgres", "postgres")
            for parent in (folder, *folder.parents[:3]):
                parent.chmod(parent.stat().st_mode | 0o011)
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync")

    @property
    def dsn(self) -> str:
        """The address of its database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """Its leading process."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", *self._options)
        options = f"-p {self.port} " + " ".join(f"-c {one}" for one in settings)
        self._run(
            "pg_ctl", "-D", str(self._folder / "data"), "-l", str(self._folder / "log"), "-w", "-o", options, "start"
        )

    def kill(self) -> None:
        """Kill it as the machine's failure would, all its processes at once."""
        every = (self.pid, *descendants(self.pid))
        for process in every:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(lives(process) for process in every):  # another one starts only when all of them are gone
            time.sleep(0.01)
        (self._folder / "data" / "postmaster.pid").unlink()  # a zombie that nobody waits for counts as alive

    def stop(self) -> None:
        """Stop it."""
        subprocess.run(
            [
                *self._as_user,
                str(self._binaries / "pg_ctl"),
                "-D",
                str(self._folder / "data"),
                "-m",
                "immediate",
                "stop",
            ],
            capture_output=True,
            cwd=self._folder,
        )

    def query(self, text: str) -> str:
        """Execute a script, and return what is printed."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres")
        return self._run("psql", *where, "-v", "ON_ERROR_STOP=1", "-Atc", text)

    def _run(self, program: str, *arguments: str) -> str:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self._folder)
        if done.returncode:
            log = self._folder / "log"
            said = log.read_text()[-2000:] if log.exists() else ""
            raise RuntimeError(f"{program} ended with {done.returncode}: {said}")
        return done.stdout.decode().strip() if program == "psql" else ""


@contextmanager
def postgres_server(folder: Path, *options: str) -> Generator[PostgresServer]:
    """A server; without one on this machine the test is skipped."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    server = PostgresServer(places[-1], folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
