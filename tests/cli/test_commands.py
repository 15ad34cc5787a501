"""The command as a stranger types it: what it prints, what it writes, and how it refuses."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.order_documents import shop_document

from toolworld.cli import main
from toolworld.cli.app import VERBS, load_verb
from toolworld.environments import builtin_folders
from toolworld.ground import LineWriter


class Shell:
    """Runs the command: as a process, or in this one, which saves a second of start-up."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command, self.folder = command, folder

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        out, err = io.StringIO(), io.StringIO()
        before, environ, argv = Path.cwd(), dict(os.environ), sys.argv
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        code = 0
        try:
            os.chdir(self.folder)
            os.environ.update(variables)
            sys.argv = [self._command[0], *arguments]
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            sys.argv = argv
            os.environ.clear()
            os.environ.update(environ)
            os.chdir(before)
        return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command as a process."""
        return subprocess.run(
            [*self._command, *arguments], cwd=self.folder, capture_output=True, text=True, check=False, timeout=50
        )

    def read(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


@pytest.mark.long
def test_the_demo_passes_what_is_right_and_catches_every_mistake(shell: Shell) -> None:
    done = shell.start("demo")
    assert done.returncode == 0, done.stderr
    assert "21 of 21 right runs passed" in done.stdout
    assert len(shell.read("out/demo/tasks.jsonl")) == 21
    assert {verdict["outcome"] for verdict in shell.read("out/demo/verdicts.jsonl")} == {"pass"}
    assert {verdict["outcome"] for verdict in shell.read("out/demo/mutations/extra_write/verdicts.jsonl")} == {"fail"}
    replayed = shell.run("replay", "out/demo/episodes.sqlite")
    assert "454 episodes with" in replayed.stdout and "came out the same" in replayed.stdout
    chat = shell.run("export", "chat", "out/demo/trajectories.jsonl", "--env", "library", "--out", "chat.jsonl")
    assert "21 conversations" in chat.stdout
    [first, *_] = shell.read("chat.jsonl")
    assert [message["role"] for message in first["messages"][:3]] == ["system", "user", "assistant"]
    assert first["tools"][0]["function"]["name"] == "find_patron"
    judged = shell.run("judge", "out/demo/trajectories.jsonl", "--env", "library", "--out", "again.jsonl")
    assert "21 passed, 0 failed, 0 unclear, 0 void of 21" in judged.stdout
    assert shell.read("again.jsonl") == shell.read("out/demo/verdicts.jsonl")


def test_run_resumes_and_tells_programs_in_json(shell: Shell) -> None:
    first = shell.run("run", "library", "--out", "o", "--json")
    summary = json.loads(first.stdout)
    assert summary.pop("simulation")["by_behaviour"] == 110
    [rates] = summary.pop("pass_rates")
    assert rates["pass_at_k"] == rates["pass_hat_k"] == {"value": 1.0, "low": 1.0, "high": 1.0, "tasks": 21}
    assert summary == {
        "asked": 21, "played": 21, "resumed": 0, "left": 0, "passed": 21, "failed": 0, "unclear": 0, "void": 0,
            "stopped": 0,
        "mean_reward": 1.0, "stopped_by": None, "models": [],
        "trajectories": "o/trajectories.jsonl", "verdicts": "o/verdicts.jsonl",
    }  # fmt: skip
    again = shell.run("run", "library", "--out", "o", "--json")
    assert json.loads(again.stdout)["resumed"] == 21


def test_synthtools_rows_go_out_and_come_in(shell: Shell) -> None:
    assert shell.run("export", "synthtools", "--env", "library", "--out", "rows.jsonl").returncode == 0
    assert len(shell.read("rows.jsonl")) == 21
    imported = shell.run("env", "import", "synthtools", "rows.jsonl", "--out", "envs")
    assert "21 environments with a task each" in imported.stdout
    assert (shell.folder / "envs" / "library_renew_one" / "tasks.jsonl").is_file()


def test_environments_are_listed_shown_checked_and_packed(shell: Shell) -> None:
    listed = {one["id"]: one for one in json.loads(shell.run("env", "list", "--json").stdout)}
    assert listed.keys() == builtin_folders().keys()
    assert listed["library"] == {
        "id": "library", "title": "Riverside Public Library", "domain": "public library",
        "tools": 16, "records": 381, "tasks": 21,
    }  # fmt: skip
    assert "Riverside Public Library: service desk" in shell.run("env", "show", "library").stdout
    assert "0 errors, 0 warnings" in shell.run("env", "check", "library").stdout
    packed = shell.run("env", "pack", "library", "--out", "p.jsonl").stdout
    assert "p.jsonl: 1 environment, with 21 tasks beside it" in packed
    twice = shell.run("env", "pack", "library", "--out", "p.jsonl")
    assert (twice.returncode, len(shell.read("p.jsonl"))) == (2, 1)
    assert "p.jsonl holds an environment library already" in twice.stderr
    assert json.loads(shell.run("run", "p.jsonl", "--json").stdout)["passed"] == 21


@pytest.fixture
def broken(shell: Shell) -> Path:
    return shutil.copytree(builtin_folders()["library"], shell.folder / "broken")


@pytest.mark.parametrize(
    ("file", "old", "new", "truth"),
    [
        ("behaviour.py", "def pay_charge(charge_id,", "def pay_charge(fee,", "not take the parameter `charge_id`"),
        ("behaviour.py", "def _money(amount):", "def _money(amount:", "behaviour.py:"),
        ("environment.json", '"effect": "read"', '"effect": "reed"', "Input should be 'read' or 'write'"),
        ("state.json", '"status":"on_loan"', '"status":"lent"', '"lent" is not one of'),
        ("tasks.json", '"loan_id": "L5101"', '"loan_id": "L9"', "is refused: There is no loan L9"),
    ],
)  # fmt: skip
def test_env_check_names_the_fault_and_leaves_with_one(
    shell: Shell, broken: Path, file: str, old: str, new: str, truth: str
) -> None:
    text = (broken / file).read_text()
    assert old in text
    (broken / file).write_text(text.replace(old, new, 1))
    checked = shell.run("env", "check", "broken")
    assert checked.returncode == 1
    assert truth in checked.stdout, checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["env", "show", "nowhere"], "nowhere is neither a folder"),
        (["env", "import", "what", "x", "--out", "y"], "there are: tau2, openapi, toolbench, bfcl, synthtools, mcp"),
        (["env", "import", "tau2", "nowhere", "--out", "y"], "nowhere has no db.json or db.toml"),
        (["env", "pack", "library", "--out", "x.txt"], "a pack is a .jsonl file"),
        (["serve", "library", "--http", "nonsense"], "is not HOST:PORT"),
        (["serve", "library", "--http", "0.0.0.0:0"], "without TOOLWORLD_TOKEN"),
        (["run", "library", "--mutation", "typo"], "there is no mutation 'typo'"),
        (["run", "library", "--tasks", "none.jsonl"], "none.jsonl cannot be read"),
        (["judge", "none.jsonl", "--env", "library"], "none.jsonl cannot be read"),
        (["export", "csv", "--env", "library", "--out", "x"], "No such command 'csv'"),
        (["export", "chat", "--env", "library", "--out", "x"], "Missing argument"),
        (["export", "trajectories", "--out", "x"], "Missing option '--store'"),
        (["export", "trajectories", "--store", "none.sqlite", "--out", "x"], "there is no store none.sqlite"),
        (["compare", "none", "none"], "none cannot be read"),
        (["run", "library", "--task", "fly"], "there is no task 'fly' among 21"),
        (["replay", "none.sqlite"], "there is no store none.sqlite"),
        (["run", "library", "--url", "http://127.0.0.1:9"], "the host at http://127.0.0.1:9 does not answer"),
        (["run", "library", "--url", "notaurl"], "'notaurl' is not the URL of a server"),
        (["run", "library", "--url", "http://127.0.0.1:9", "--store", "s"], "--store is for runs in this process"),
        (["serve", "library", "--stdio", "--http", "127.0.0.1:0"], "choose one"),
        (["serve", "library", "--seed", "3"], "--seed is for --stdio"),
        (["run", "library", "--concurrency", "0"], "concurrency"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(shell: Shell, arguments: list[str], reason: str) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert list(shell.folder.iterdir()) == []


def test_a_store_that_cannot_be_read_is_named_and_left_alone(shell: Shell) -> None:
    (shell.folder / "s.sqlite").write_bytes(b"not a database " * 100)
    for arguments in (
        ["serve", "library", "--store", "s.sqlite", "--http", "127.0.0.1:0"],
        ["run", "library", "--store", "s.sqlite"],
    ):
        done = shell.run(*arguments)
        assert done.returncode == 2
        assert "the store s.sqlite cannot be opened: file is not a database" in done.stderr
    assert (shell.folder / "s.sqlite").read_bytes() == b"not a database " * 100


def test_another_agents_runs_and_foreign_files_are_not_written_over(shell: Shell) -> None:
    assert shell.run("run", "library", "--out", "o").returncode == 0
    before = (shell.folder / "o" / "trajectories.jsonl").read_bytes()
    for arguments, reason in (
        (["run", "library", "--out", "o", "--mutation", "nothing"], "now it is scripted (nothing)"),
        (["judge", "o/trajectories.jsonl", "--env", "library", "--out", "o/trajectories.jsonl"], "would replace"),
        (
            ["export", "chat", "o/trajectories.jsonl", "--env", "library", "--out", "o/trajectories.jsonl"],
            "would replace",
        ),
        (["env", "import", "synthtools", "o/verdicts.jsonl", "--out", "o"], "takes a new or an empty folder"),
    ):
        done = shell.run(*arguments)
        assert done.returncode == 2
        assert reason in done.stderr
    assert (shell.folder / "o" / "trajectories.jsonl").read_bytes() == before


def test_tasks_that_leave_no_room_for_a_mistake_are_named(shell: Shell) -> None:
    part = shell.run("run", "library", "--out", "o", "--mutation", "swapped_calls")
    left = re.search(r"(\d+) of 21 tasks leave no room for swapped_calls and are not played: library/", part.stderr)
    assert (part.returncode, left is not None) == (0, True)
    assert left is not None and len(shell.read("o/trajectories.jsonl")) == 21 - int(left[1])
    nothing = shell.run("run", "library", "--out", "p", "--mutation", "skipped_step")
    assert nothing.returncode == 2
    assert "none of the 21 tasks leaves room for skipped_step" in nothing.stderr


def test_runs_with_another_seed_are_kept_beside_each_other(shell: Shell) -> None:
    for seed in ("0", "1"):
        shell.run("run", "library", "--out", "o", "--seed", seed)
    assert len(shell.read("o/trajectories.jsonl")) == len(shell.read("o/verdicts.jsonl")) == 42


def test_a_full_disk_and_a_reader_that_has_gone_are_no_traceback(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*command, "env", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "no space left" in done.stderr) == (2, True)
    with subprocess.Popen([*command, "env", "show", "library"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        assert gone.stdout is not None and gone.stderr is not None
        gone.stdout.close()
        assert b"Traceback" not in gone.stderr.read()


def test_ctrl_c_while_it_loads_is_understood(command: list[str]) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's job in the background: its children ignore it too
        pytest.skip("Ctrl-C is ignored where these tests run")
    for number in (signal.SIGINT, signal.SIGTERM):
        for library in (b"_pydantic_core", b"jsonschema_rs"):  # an early and a late one; before, Python itself starts
            with subprocess.Popen([*command, "serve", "library"], stdout=-3, stderr=subprocess.PIPE) as loading:
                while library not in Path(f"/proc/{loading.pid}/maps").read_bytes():
                    time.sleep(0.005)
                loading.send_signal(number)
                assert loading.stderr is not None
                assert loading.stderr.read().decode().endswith("what was finished is kept\n")
            assert loading.returncode == 130


@pytest.mark.parametrize("ignored", [False, True], ids=["by a person", "in the background of a shell"])
@pytest.mark.parametrize("wait", [0.0, 0.3, 0.9])
def test_sigterm_in_the_midst_of_runs_ends_them_in_order(
    command: list[str], tmp_path: Path, ignored: bool, wait: float
) -> None:
    started = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command] if ignored else command
    many = ("run", "library", "--trials", "400", "--concurrency", "4", "--out", str(tmp_path))
    written = tmp_path / "trajectories.jsonl"
    with subprocess.Popen([*started, *many], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        while not written.is_file() or not written.stat().st_size:
            time.sleep(0.01)
        time.sleep(wait)
        if ignored:
            running.send_signal(signal.SIGINT)
            time.sleep(0.1)
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=20)
    assert (running.returncode, said.decode().splitlines()[-1]) == (130, "stopped; what was finished is kept")
    assert b"Traceback" not in said
    assert 0 < len([json.loads(line) for line in written.read_bytes().splitlines()]) < 8400


def test_square_brackets_are_shown_as_they_are(shell: Shell, broken: Path) -> None:
    text = (broken / "environment.json").read_text()
    (broken / "environment.json").write_text(text.replace('"id": "library"', '"id": "Bad Id"', 1))
    assert "'^[a-z0-9][a-z0-9_-]{0,99}$'" in shell.run("env", "check", "broken").stdout


def test_a_port_in_use_is_named(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = shell.run("serve", "library", "--http", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert "address already in use" in done.stderr


def test_a_torn_file_is_read_up_to_its_tear_and_a_bad_line_is_named(shell: Shell) -> None:
    shell.run("run", "library", "--out", "o")
    path = shell.folder / "o" / "trajectories.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    torn = shell.run("judge", "o/trajectories.jsonl", "--env", "library")
    assert torn.returncode == 0
    assert "20 passed, 0 failed, 0 unclear, 0 void of 20" in torn.stdout
    assert "the last line of o/trajectories.jsonl is cut off" in torn.stderr
    path.write_bytes(whole.replace(b'"stop":"done"', b'"stop":"dune"', 1))
    bad = shell.run("judge", "o/trajectories.jsonl", "--env", "library")
    assert bad.returncode == 2
    assert "o/trajectories.jsonl:1: `stop`: Input should be 'done'" in bad.stderr


@pytest.mark.parametrize(
    "verb",
    [["demo"], ["serve"], ["run"], ["judge"], ["compare"], ["export"], ["replay"], ["tasks", "list"]]
    + [["env", name] for name in ("list", "show", "check", "import", "pack", "synthesize")]
    + [["store", name] for name in ("stats", "prune", "vacuum")],
    ids=" ".join,
)
def test_every_verb_has_help_with_an_example(shell: Shell, verb: list[str]) -> None:
    shown = shell.run(*verb, "--help", COLUMNS="200")
    assert shown.returncode == 0
    assert f"Example: toolworld {' '.join(verb)}" in shown.stdout


def test_a_store_is_counted_pruned_and_vacuumed(shell: Shell) -> None:
    shell.run("run", "library", "--out", "runs", "--store", "s.sqlite")
    counted = json.loads(shell.run("store", "stats", "s.sqlite", "--json").stdout)
    assert (counted["episodes"], counted["environments"]) == (21, {"library": 21})
    assert "s.sqlite" in shell.run("store", "stats", "s.sqlite").stdout
    dry = shell.run("store", "prune", "s.sqlite", "--environment", "library", "--dry-run")
    assert "21 episodes with" in dry.stdout and "would be removed" in dry.stdout
    assert json.loads(shell.run("store", "prune", "s.sqlite", "--unused", "1d", "--json").stdout)["removed"] == 0
    assert "21 episodes with" in shell.run("store", "prune", "s.sqlite", "--environment", "library").stdout
    shrunk = json.loads(shell.run("store", "vacuum", "s.sqlite", "--json").stdout)
    assert shrunk["after"] < shrunk["before"]
    assert "now" in shell.run("store", "vacuum", "s.sqlite").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["store", "prune", "s.sqlite"], "there is no store s.sqlite|say which episodes"),
        (["store", "stats", "nothing.sqlite"], "there is no store nothing.sqlite"),
        (["store", "prune", "x", "--unused", "soon"], "is no age such as"),
        (["run", "library", "--faults", "stormy"], "neither a fault profile"),
        (["serve", "library", "--stdio", "--faults", "stormy"], "neither a fault profile"),
        (["judge", "t.jsonl", "--env", "library", "--faults", "stormy"], "neither a fault profile"),
    ],
)
def test_bad_words_about_stores_and_faults_get_one_sentence(shell: Shell, arguments: list[str], reason: str) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2
    assert re.search(reason, done.stderr)
    assert "Traceback" not in done.stderr


def test_several_environments_are_played_together_right_and_wrong(shell: Shell) -> None:
    right = json.loads(shell.run("run", "library", "clinic", "--out", "r", "--json").stdout)
    assert right["passed"] == right["asked"] == 44
    wrong = json.loads(
        shell.run("run", "library", "clinic", "--mutation", "extra_write", "--out", "w", "--json").stdout
    )
    assert (wrong["passed"], wrong["failed"]) == (0, wrong["asked"])


def test_runs_under_faults_are_played_judged_again_and_exported(shell: Shell) -> None:
    played = json.loads(shell.run("run", "library", "--faults", "flaky", "--out", "f", "--json").stdout)
    assert (played["passed"], played["asked"]) == (21, 21)
    again = shell.run("judge", "f/trajectories.jsonl", "--env", "library", "--faults", "flaky")
    assert "21 passed" in again.stdout
    assert shell.run("judge", "f/trajectories.jsonl", "--env", "library").returncode == 2
    exported = shell.run("export", "chat", "f", "--env", "library", "--only", "pass", "--out", "c.jsonl")
    assert exported.returncode == 0 and len(shell.read("c.jsonl")) == 21  # the task's id names the profile
    assert {row["task"].partition("~")[2] for row in shell.read("c.jsonl")} == {"flaky"}
    seeded = json.loads(shell.run("run", "library", "--faults", "flaky", "--seed", "1", "--out", "g", "--json").stdout)
    assert seeded["passed"] == 21
    assert "temporarily_unavailable" in (shell.folder / "f" / "trajectories.jsonl").read_text()


def test_a_hostile_program_does_not_take_the_command_down(shell: Shell, broken: Path) -> None:
    program = (broken / "behaviour.py").read_text()
    trap = "    x = []\n    for _ in range(100000):\n        x = [x]\n    return x\n"
    start = program.index("def get_patron(patron_id):\n") + len("def get_patron(patron_id):\n")
    (broken / "behaviour.py").write_text(program[:start] + trap + program[start:])
    done = shell.run("run", str(broken), "--out", "h")
    assert done.returncode == 2
    assert "get_patron" in done.stderr and "Recursion limit" in done.stderr


def test_the_command_says_its_version_and_helps_in_short(shell: Shell) -> None:
    assert re.fullmatch(r"toolworld \d+\.\d+\.\d+\n", shell.run("--version").stdout)
    for arguments in (["-h"], ["run", "-h"], ["env", "list", "-h"]):
        assert "Usage: toolworld" in shell.run(*arguments).stdout


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_the_whole_command_says_what_each_verb_says(name: str) -> None:
    help_text = load_verb(name).help or ""
    assert help_text.split("\n\n")[0].replace("\n", " ") == VERBS[name].summary


def test_an_endpoint_where_nobody_listens_is_named_before_anything_is_played(shell: Shell) -> None:
    done = shell.run("run", "library", "--agent", "http://127.0.0.1:9/v1#m")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: nobody listens at http://127.0.0.1:9/v1: connection refused\n"
    assert not list(shell.folder.glob("**/*.jsonl"))


def test_one_task_is_played_by_its_id_and_the_mean_reward_can_be_required(shell: Shell) -> None:
    listed = json.loads(shell.run("tasks", "list", "library", "--json").stdout)
    assert len(listed) == 21 and listed[0]["id"] == "library/renew_one" and "truth" not in listed[0]
    assert "library/renew_one" in shell.run("tasks", "list", "library").stdout
    for name, out in (("library/renew_one", "a"), ("renew_one", "b")):
        played = json.loads(shell.run("run", "library", "--task", name, "--out", out, "--json").stdout)
        assert (played["asked"], played["passed"]) == (1, 1)
    wrong = ("run", "library", "--mutation", "nothing", "--out", "w", "--fail-under")
    assert shell.run(*wrong, "0").returncode == 0
    failed = shell.run(*wrong, "0.5")
    assert failed.returncode == 1 and "the mean reward 0.000 is under 0.5" in failed.stderr


def test_trials_give_pass_rates_and_two_sets_of_runs_are_compared(shell: Shell) -> None:
    done = shell.run("run", "library", "--trials", "2", "--out", "right", "--store", "s.sqlite")
    assert (
        done.returncode == 0
        and "pass^k" in done.stdout
        and "42 passed, 0 failed, 0 unclear, 0 void of 42" in done.stdout
    )
    assert len({run["id"] for run in shell.read("right/trajectories.jsonl")}) == 42
    shell.run("run", "library", "--mutation", "untold_fact", "--out", "wrong")
    compared = json.loads(shell.run("compare", "right", "wrong", "--json").stdout)
    assert (compared["better"], compared["worse"], compared["same"]) == (0, 17, 0)
    assert compared["difference"]["value"] == -1.0 and compared["p_value"] < 0.001
    assert compared["only_first"] == 4  # one tells no fact, and of three nobody knows without a judge of statements
    assert "17 worse" in shell.run("compare", "right", "wrong").stdout
    exported = shell.run("export", "trajectories", "--store", "s.sqlite", "--out", "all.jsonl")
    assert "42 trajectories" in exported.stdout
    judged = shell.run("judge", "all.jsonl", "--env", "library")
    assert "42 passed, 0 failed, 0 unclear, 0 void of 42" in judged.stdout


def test_tables_can_be_read_at_80_columns(shell: Shell) -> None:
    shown = shell.run("run", "library", "--out", "o", "--task", "renew_one", COLUMNS="80").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "library/renew_one#0" in shown


def test_one_folder_is_written_by_one_run_at_a_time(shell: Shell) -> None:
    assert shell.run("run", "library", "--task", "renew_one", "--out", "o").returncode == 0
    with LineWriter(shell.folder / "o" / "trajectories.jsonl", alone=True):
        second = shell.run("run", "library", "--out", "o")
    assert second.returncode == 2 and "another process is writing to o/trajectories.jsonl" in second.stderr
    assert shell.run("run", "library", "--out", "o").returncode == 0


def test_what_a_store_keeps_of_runs_is_judged_as_it_was(shell: Shell) -> None:
    played = json.loads(
        shell.run(
            "run", "library", "--task", "renew_one", "--trials", "2", "--store", "s", "--out", "o", "--json"
        ).stdout
    )
    assert shell.run("export", "trajectories", "--store", "s", "--out", "t.jsonl").returncode == 0
    exported = sorted(shell.read("t.jsonl"), key=lambda row: row["trial"])
    assert [row["trial"] for row in exported] == [0, 1] and all(row["messages"] for row in exported)
    judged = json.loads(shell.run("judge", "t.jsonl", "--env", "library", "--json").stdout)
    assert [one["reward"] for one in judged] == [1.0, 1.0] and played["mean_reward"] == 1.0
    assert "2 passed, 0 failed" in shell.run("judge", "o", "--env", "library").stdout
    nothing = shell.run("export", "trajectories", "--store", "s", "--env", "clinic", "--out", "n.jsonl")
    assert nothing.returncode == 2 and "s has no episodes in clinic" in nothing.stderr
    assert not list(shell.folder.glob("n.jsonl*"))


def test_settings_that_are_no_settings_are_named(shell: Shell) -> None:
    assert shell.run("run", "library", "--task", "renew_one", "--out", "o").returncode == 0
    for text in ("[]", '{"agent": NaN}'):
        (shell.folder / "o" / "trajectories.settings.json").write_text(text)
        done = shell.run("run", "library", "--out", "o")
        assert done.returncode == 2 and "o/trajectories.settings.json" in done.stderr


def test_runs_under_other_settings_are_not_gone_on_with(shell: Shell) -> None:
    other = shell.run("run", "library", "--task", "renew_one", "--out", "p", "--simulate", "renew_loan=behaviour")
    again = shell.run("run", "library", "--task", "renew_one", "--out", "p")
    assert (other.returncode, again.returncode) == (0, 2) and "was made with simulate" in again.stderr
    assert shell.run("run", "library", "--task", "renew_one", "--out", "o").returncode == 0
    other = shell.run("run", "library", "--task", "renew_one", "--out", "o", "--turns", "3")
    assert other.returncode == 2 and "was made with turns 60, and now it is 3" in other.stderr


def test_documents_of_others_become_environments_and_everything_is_accounted_for(shell: Shell) -> None:
    (shell.folder / "documents").mkdir()
    (shell.folder / "documents" / "shop.json").write_text(json.dumps(shop_document()))
    (shell.folder / "documents" / "bad.json").write_text("{}")
    done = shell.run("env", "import", "openapi", "documents", "--out", "apis.jsonl", "--processes", "1")
    assert done.returncode == 0, done.stderr
    assert "1 environment of 2 sources; 12 of 13 items imported, 1 refused" in done.stdout
    assert "a model only: not inferred" in done.stdout and "`openapi` must be 3.x" in " ".join(done.stdout.split())
    report = shell.read("apis.jsonl.report.jsonl")
    assert [line["source"] for line in report] == ["bad.json", "shop.json"]
    called = shell.run("env", "call", "apis.jsonl", "createOrder", "title=Lamp", "then", "getOrder", "orderId=1013")
    assert called.returncode == 0 and called.stdout.count('"title":"Lamp"') == 3
    again = shell.run("env", "import", "openapi", "documents", "--out", "apis.jsonl", "--json")
    assert json.loads(again.stdout)["resumed"] == 2 and len(shell.read("apis.jsonl")) == 1
    counted = shell.run("env", "stats", "apis.jsonl")
    assert "1 environment, 12 tools (at most 12 in one), 11 with a program" in counted.stdout
    assert json.loads(shell.run("env", "stats", "apis.jsonl", "library", "--json").stdout)["tools"] == 28
    nothing = shell.run("env", "import", "openapi", "documents/bad.json", "--out", "none.jsonl")
    assert nothing.returncode == 2 and "nothing could be imported" in nothing.stderr
