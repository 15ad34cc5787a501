"""Tasks that come with SynthTools' environments, written from the documented format."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell

STATE = """
metadata: {field_name: Boats}
state:
  bookings:
    - {booking_id: K1, guest: Ann, status: booked}
    - {booking_id: K2, guest: Eve, status: cancelled}
    - {booking_id: K3, guest: Ida, status: booked}
tasks:
  - {text: Cancel booking K1., difficulty: simple, validity: valid}
  - {text: Sell the boat., difficulty: simple, validity: "invalid: there is no such tool"}
"""
SOLVED = """
meta_data: {field_name: Boats}
task_data: {task_type: simple, task: Cancel K1 and tell the guest's name., task_validity: valid}
solution:
  - tool_call1: 'Booking Canceller(booking_id = "K1")'
"""


def _tool(name: str, about: str, output: dict[str, object]) -> dict[str, object]:
    return {
        "tool_name": name,
        "tool_description": about,
        "parameters": {"booking_id": {"type": "string", "required": True, "description": "The booking"}},
        "error_messages": ["The booking does not exist."],
        "usage": "",
        "output_details": output,
    }


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "tools"
    place.mkdir()
    text = {"type": "string", "description": "as it is"}
    shown: dict[str, object] = {"booking_id": text, "guest": text, "status": text}
    for name, about in (("Booking_Getter", "Get a booking."), ("Booking_Canceller", "Cancel a booking.")):
        tool = _tool(name.replace("_", " "), about, shown)
        (place / f"boats_tool_spec_1__{name}.json").write_text(json.dumps(tool))
    (place / "boats_tool_spec_1.environment.yml").write_text(STATE)
    (place / "boats_tool_spec_1__task_1.yml").write_text(SOLVED)
    wrong = SOLVED.replace("K1", "K9")
    (place / "boats_tool_spec_1__task_2.yml").write_text(wrong)
    (place / "boats_tool_spec_1__task_3.yml").write_text(SOLVED.replace("Booking Canceller(", "Booking Canceller["))
    return place


@pytest.mark.parametrize("out", ["made", "made.jsonl"])
def test_tasks_with_a_solution_and_those_that_cannot_be_done_come_in(
    folder: Path, shell: Shell, tmp_path: Path, out: str
) -> None:
    target = tmp_path / out
    done = shell.run("env", "import", "synthtools", str(folder), "--out", str(target))
    assert done.returncode == 0, done.stderr
    assert "2 of 5 tasks imported, 3 refused" in done.stdout
    reasons = [json.loads(line)["why"] for line in Path(f"{target}.report.tasks.jsonl").read_text().splitlines()]
    assert [one and one.split(":")[0] for one in reasons] == [
        "it has no solution, so that nothing says what is right",
        None,
        None,
        "its call of booking_canceller is refused by the compiled program",
        "boats_tool_spec_1__task_3.yml#task 0",
    ]
    played = target / "boats-tool-spec-1" if out == "made" else target
    right = shell.run("run", str(played), "--out", str(tmp_path / "runs"))
    assert "2 passed, 0 failed" in right.stdout


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        ("['Booking Canceller(booking_id=1e999)']", "inf is not a JSON number"),
        ("['Booking Canceller(booking_id=\"K1\")', {b: {name: x}}]", "is not of the form"),
        ('[\'Booking Canceller(booking_id="K1", booking_id="K2")\']', "booking_id is given twice"),
    ],
)
def test_a_solution_that_is_only_partly_understood_is_refused_alone(
    folder: Path, shell: Shell, tmp_path: Path, solution: str, reason: str
) -> None:
    odd = SOLVED[: SOLVED.index("solution:")] + f"solution: {solution}\n"
    (folder / "boats_tool_spec_1__task_2.yml").write_text(odd)
    done = shell.run("env", "import", "synthtools", str(folder), "--out", str(tmp_path / "made"))
    assert done.returncode == 0, done.stderr
    assert "2 of 5 tasks imported" in done.stdout
    assert reason in Path(tmp_path / "made.report.tasks.jsonl").read_text()


def test_importing_twice_keeps_the_tasks_of_other_environments(folder: Path, shell: Shell, tmp_path: Path) -> None:
    pack = tmp_path / "all.jsonl"
    other = {"id": "kept", "environment": "other"}
    first = shell.run("env", "import", "synthtools", str(folder), "--out", str(pack))
    assert first.returncode == 0, first.stderr
    tasks = pack.with_suffix(".tasks.jsonl")
    line = json.loads(tasks.read_text().splitlines()[0]) | other
    tasks.write_text(json.dumps(line) + "\n" + tasks.read_text())
    again = shell.run("env", "import", "synthtools", str(folder), "--out", str(pack))
    assert again.returncode == 0, again.stderr
    assert [json.loads(one)["environment"] for one in tasks.read_text().splitlines()] == [
        "other",
        "boats-tool-spec-1",
        "boats-tool-spec-1",
    ]
