"""tau2 domains from source: a small one that no benchmark has, written as a checkout lays it out."""

import json
import shutil
from pathlib import Path

import anyio
import pytest

from toolworld.datasets import import_tau2_folder
from toolworld.environments import Call, Runtime, find_tau2_files, import_found, read_tau2_source
from toolworld.environments.importers.tau2_files import Tau2Files
from toolworld.ground import RecordError, UsageError

TYPES = """
from enum import Enum
from typing import Annotated, Dict, List, Literal, Optional, Union
from pydantic import BaseModel, Field

Colour = Annotated[Literal["red", "blue"], Field(description="The colour")]

class Status(str, Enum):
    MOORED = "Moored"
    OUT = "Out"

class Base(BaseModel):
    boat_id: str = Field(description="Unique id of the boat")

class Boat(Base):
    name: str
    colour: Colour
    status: Status
    radio_enabled: bool = False
    length_m: Optional[float] = Field(None, ge=1, description="Length")
    parts: "List[Part]" = Field(default_factory=list)

class Part(BaseModel):
    label: str
    inside: Optional["Part"] = None

class Keeper(BaseModel):
    keeper_id: str
    boat_ids: List[str]
"""
TOOLS = '''
import os
os.makedirs("WAS_RUN")  # reading must not run it
from harbour import is_tool, ToolType

class HarbourTools:
    """Boats of a harbour."""

    def _boat(self, boat_id):
        if boat_id not in self.db.boats:
            raise ValueError(f"Boat {boat_id} not found")
        return self.db.boats[boat_id]

    @is_tool(ToolType.READ)
    def get_boat(self, boat_id: str) -> Boat:
        """Get a boat.

        Args:
            boat_id: The id of the boat, such as 'B1'.
        """
        return self._boat(boat_id)

    @is_tool(ToolType.WRITE)
    def moor_boat(self, keeper_id: str, boat_id: str) -> Boat:
        """Moor a boat.

        Raises:
            ValueError: If the boat is not found, or if it is not out.
        """

    @is_tool(ToolType.WRITE)
    def enable_radio(self, keeper_id: str, boat_id: str, *, note: str | None = None) -> str:
        """Switch the radio on.

        Returns:
            A message saying that the radio is on.
        """

    @is_tool(ToolType.READ)
    def get_boat_status(self, boat_id: str) -> str:
        """Where the boat is."""

    @is_tool(ToolType.READ)
    def weather(self, day: str) -> str:
        """The weather of a day."""

    def not_a_tool(self, boat_id: str) -> Boat:
        """Only tests call it."""
'''
STATE = {
    "boats": {
        key: {"boat_id": key, "name": name, "colour": "red", "status": status, "radio_enabled": False}
        for key, name, status in (("B1", "Ann", "Out"), ("B2", "Eve", "Moored"), ("B3", "Ida", "Out"))
    },
    "keepers": {"K1": {"keeper_id": "K1", "boat_ids": ["B1", "B2"]}, "K2": {"keeper_id": "K2", "boat_ids": ["B3"]}},
}


def _task(number: int, *actions: tuple[str, dict[str, str]], **more: object) -> dict[str, object]:
    return {
        "id": f"moor {number}",
        "user_scenario": {"instructions": "You want boat B1 moored."},
        "evaluation_criteria": {
            "actions": [{"action_id": "a", "name": name, "arguments": given} for name, given in actions]
        },
        "annotations": None,
        **more,
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    data, source = tmp_path / "data/tau2/domains/harbour", tmp_path / "src/tau2/domains/harbour"
    data.mkdir(parents=True)
    source.mkdir(parents=True)
    (source / "data_model.py").write_text(TYPES)
    (source / "tools.py").write_text(TOOLS)
    (data / "db.json").write_text(json.dumps(STATE))
    (data / "policy.md").write_text("# Harbour\n\nThe current time is 2024-05-15 15:00:00 EST.\n")
    moor = ("moor_boat", {"keeper_id": "K1", "boat_id": "B1"})
    refused = ("moor_boat", {"keeper_id": "K1", "boat_id": "B2"})
    tasks = [
        _task(1, moor),
        _task(2, refused),
        _task(3, ("weather", {"day": "2024-05-15"})),
        _task(4, ("sink_boat", {})),
        _task(5, moor, initial_state={"message_history": [{"role": "user"}]}),
    ]
    (data / "tasks.json").write_text(json.dumps(tasks))
    return data


def test_tools_are_read_from_source_that_is_never_run(checkout: Path) -> None:
    found = read_tau2_source(find_tau2_files(checkout))
    assert not Path("WAS_RUN").exists()
    assert found.toolset is not None
    operations = {one.name: one for one in found.toolset.operations}
    assert list(operations) == ["get_boat", "moor_boat", "enable_radio", "get_boat_status", "weather"]
    assert [operations[one].stated_effect for one in ("get_boat", "moor_boat")] == ["read", "write"]
    boat = operations["get_boat"].response["properties"]
    assert isinstance(boat, dict)
    assert boat["boat_id"] == {"type": "string", "description": "Unique id of the boat"}  # of the class above it
    assert boat["colour"] == {"type": "string", "description": "The colour", "enum": ["red", "blue"]}
    assert boat["status"] == {"type": "string", "enum": ["Moored", "Out"]}
    assert boat["length_m"] == {"type": ["number", "null"], "description": "Length", "minimum": 1}
    assert operations["enable_radio"].parameters[2].required is False
    assert [one.when for one in operations["get_boat"].errors] == ["Boat <boat_id> not found"]  # of what it calls
    assert [one.when for one in operations["moor_boat"].errors] == ["If the boat is not found", "If it is not out"]


async def test_the_environment_that_is_compiled_of_them_behaves_as_they_are_described(checkout: Path) -> None:
    environment = import_found(read_tau2_source(find_tau2_files(checkout)))
    runtime = Runtime(environment)
    assert environment.clock.start.isoformat() == "2024-05-15T15:00:00+00:00"
    assert environment.policy.startswith("# Harbour")
    call = runtime.start

    async def answer(name: str, **arguments: str) -> object:
        nonlocal call
        event, call = await runtime.step(call, Call(name=name, arguments=dict(arguments)))
        return event.failure.code if event.failure else event.result

    assert await answer("get_boat_status", boat_id="B1") == "Out"
    assert await answer("moor_boat", keeper_id="K1", boat_id="B1") == {
        **STATE["boats"]["B1"],
        "status": "Moored",
    }
    assert await answer("moor_boat", keeper_id="K1", boat_id="B1") == "error_2"  # it is not out any more
    assert await answer("moor_boat", keeper_id="K1", boat_id="B9") == "error_1"
    assert await answer("enable_radio", keeper_id="K1", boat_id="B1") == "The radio is on."
    assert dict(call.state.rows("boats"))["B1"]["radio_enabled"] is True
    tool = runtime.tool("weather")
    assert tool.inferred is not None
    assert tool.inferred.reach == "none"


def test_tasks_come_in_or_are_refused_with_their_reason(checkout: Path, tmp_path: Path) -> None:
    made = anyio.run(import_tau2_folder, checkout, tmp_path / "out")
    assert [one.id for one in made.tasks] == ["tau2-harbour/moor_1"]
    assert len(made.items) == 5 + 5  # five tools, five tasks
    reasons = [one.why or "" for one in made.items if one.outcome == "refused"]
    assert [one.split(":")[0] for one in reasons] == [
        "its call of moor_boat is refused by the compiled program",
        "weather was not inferred, and only a model can answer it",
        "there is no tool sink_boat",
        "it begins in a state of its own, which is made by calls of the benchmark's own",
    ]


def test_a_folder_of_source_finds_its_data(checkout: Path) -> None:
    source = checkout.parents[3] / "src/tau2/domains/harbour"
    assert find_tau2_files(source) == find_tau2_files(checkout)


def test_what_is_no_domain_is_refused_in_one_sentence(tmp_path: Path, checkout: Path) -> None:
    with pytest.raises(UsageError, match=r"has no db\.json or db\.toml; give the folder of a tau2 domain"):
        find_tau2_files(tmp_path)
    files = find_tau2_files(checkout)
    assert files.tools is not None
    files.tools.write_text("def broken(:")
    with pytest.raises(RecordError, match=r"tools\.py is not Python"):
        read_tau2_source(files)
    files.tools.write_text("x = 1")
    with pytest.raises(RecordError, match="no method that @is_tool marks"):
        read_tau2_source(files)
    with pytest.raises(RecordError, match=r"has no tools\.py"):
        read_tau2_source(Tau2Files("harbour", files.data, files.database, None))


def test_types_that_hold_themselves_come_to_an_end(checkout: Path) -> None:
    files = find_tau2_files(checkout)
    assert files.tools is not None
    fields = "\n".join(f"    f{number}: 'Loop'" for number in range(40))
    files.tools.with_name("data_model.py").write_text(f"class Loop:\n{fields}\n\nA = B\nB = A\n")
    files.tools.write_text("class T:\n    @is_tool(ToolType.READ)\n    def get(self, a: A) -> Loop:\n        ...\n")
    found = read_tau2_source(files)
    assert found.toolset is not None
    assert len(json.dumps(found.toolset.operations[0].response)) < 200_000


ODD_TOOLS = '''
class T:
    @tools.is_tool(ToolType.READ)
    async def get_boat(self, boat_id: str, /, depth: Literal[-1, 1] = 1) -> List[()]:
        """A boat \\ud800."""

    @is_tool
    def list_boats(self, kind: Annotated[()] = None, big: Literal[BIG] = 1) -> Dict[()]:
        """All boats."""

    @is_tool(ToolType.WRITE)
    def paint_boat(self, boat_id: str, **how: str) -> Boat:
        """Paint it."""

    @is_tool(ToolType.WRITE)
    def get_boat(self) -> Boat:
        """The second one of that name."""

'''
GIFT = '''
    @is_tool(ToolType.WRITE)
    def praise_keeper(self, keeper_id: str) -> str:
        """Praise.

        Returns:
            A message saying whether it was heard.
        """

    def not_a_tool'''


def test_odd_tools_are_read_or_refused_and_none_is_dropped(checkout: Path) -> None:
    files = find_tau2_files(checkout)
    assert files.tools is not None
    calls = "".join(f"    def _m{one}(self):\n        self._m{one + 1}()\n" for one in range(1200))
    files.tools.write_text(ODD_TOOLS.replace("BIG", "9" * 400) + calls)
    (checkout / "policy.md").write_text("The current time is 2024-02-31 25:99 EST.")
    found = read_tau2_source(files)
    assert found.toolset is not None
    operations = {one.name: one for one in found.toolset.operations}
    assert list(operations) == ["get_boat", "list_boats"]
    boat, depth = operations["get_boat"].parameters
    assert (boat.name, boat.required, depth.required) == ("boat_id", True, False)
    assert depth.schema["enum"] == [-1, 1]
    assert "enum" not in operations["list_boats"].parameters[1].schema
    assert [one.why for one in found.items if one.outcome == "refused"] == [
        "it takes arguments that have no names (`*` or `**`)",
        "the same tool stands there more than once; the first is taken",
    ]
    assert found.toolset.start == ""
    import_found(found).json_bytes()


def test_tasks_of_one_id_or_of_an_effect_that_nobody_knows_are_refused(checkout: Path, tmp_path: Path) -> None:
    files = find_tau2_files(checkout)
    assert files.tools is not None
    files.tools.write_text(files.tools.read_text().replace("    def not_a_tool", GIFT))
    moor = ("moor_boat", {"keeper_id": "K1", "boat_id": "B1"})
    rows = [_task(1, moor), _task(1, moor), _task(7, ("praise_keeper", {"keeper_id": "K1"}))]
    (checkout / "tasks.json").write_text(
        json.dumps(rows).replace('"actions"', '"communicate_info": ["", "B1"], "actions"')
    )
    made = anyio.run(import_tau2_folder, checkout, tmp_path / "out")
    assert len(made.tasks) == 1
    assert [one.why for one in made.items if one.outcome == "refused"] == [
        "another task has the id tau2-harbour/moor_1",
        "what praise_keeper changes was not inferred",
    ]


def test_a_domain_that_is_only_called_retail_gets_its_own_tools(checkout: Path, tmp_path: Path) -> None:
    root = checkout.parents[3]
    for place in ("data", "src"):
        (root / f"{place}/tau2/domains/harbour").rename(root / f"{place}/tau2/domains/retail")
    made = anyio.run(import_tau2_folder, root / "data/tau2/domains/retail", tmp_path / "out")
    assert "moor_boat" in [one.name for one in made.environment.tools]


TRANSFER = '''
    @is_tool(ToolType.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Transfer the user to a human agent, with a summary of the user's issue.

        Returns:
            A message indicating the user has been transferred to a human agent.
        """

    def not_a_tool'''


def test_a_transfer_is_required_by_name_and_another_call_without_a_trace_is_not(checkout: Path, tmp_path: Path) -> None:
    files = find_tau2_files(checkout)
    assert files.tools is not None
    files.tools.write_text(files.tools.read_text().replace("    def not_a_tool", TRANSFER))
    look, moor = ("get_boat", {"boat_id": "B1"}), ("moor_boat", {"keeper_id": "K1", "boat_id": "B1"})
    rows = [_task(1, look, moor, ("transfer_to_human_agents", {"summary": "It leaks."})), _task(2, look, moor)]
    (checkout / "tasks.json").write_text(json.dumps(rows))
    made = anyio.run(import_tau2_folder, checkout, tmp_path / "out")
    with_transfer, without = (one.truth.calls for one in made.tasks)
    assert set(with_transfer) - set(without) == {2}
    assert 0 not in with_transfer


def test_a_domain_with_some_of_the_tools_of_retail_gets_our_program(
    checkout: Path, tmp_path: Path, tau2_folder: Path
) -> None:
    root = checkout.parents[3]
    for place in ("data", "src"):
        (root / f"{place}/tau2/domains/harbour").rename(root / f"{place}/tau2/domains/retail")
    data = root / "data/tau2/domains/retail"
    (data / "tasks.json").unlink()
    for name in ("db.json", "policy.md"):
        (data / name).unlink()
        shutil.copyfile(tau2_folder / name, data / name)
    (root / "src/tau2/domains/retail/tools.py").write_text(
        TRANSFER.replace("    @is", "class T:\n    @is").replace("    def not_a_tool", "")
    )
    made = anyio.run(import_tau2_folder, data, tmp_path / "out")
    assert "exchange_delivered_order_items" in [one.name for one in made.environment.tools]
