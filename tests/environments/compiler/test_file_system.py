"""The pack of file systems: commands on a tree of files that came with the tools, or on one to begin with."""

from typing import Any

from tests.support.boat_hire import TEXT

from toolworld.environments import (
    Call,
    Operation,
    Parameter,
    Runtime,
    SimulationPlan,
    Toolset,
    compile_toolset,
    self_check,
)
from toolworld.ground import JsonObject, JsonSchema, JsonValue

COMMANDS: dict[str, tuple[str, ...]] = {
    "pwd": (),
    "ls": (),
    "cd": ("folder",),
    "mkdir": ("dir_name",),
    "touch": ("file_name",),
    "echo": ("content", "file_name"),
    "cat": ("file_name",),
    "mv": ("source", "destination"),
    "cp": ("source", "destination"),
    "rm": ("file_name",),
    "rmdir": ("dir_name",),
    "grep": ("file_name", "pattern"),
    "sort": ("file_name",),
    "find": ("path", "name"),
    "diff": ("file_name1", "file_name2"),
}


def file(text: str) -> JsonObject:
    return {"type": "file", "content": text}


def directory(**contents: JsonObject) -> JsonObject:
    return {"type": "directory", "contents": {**contents}}


TREE: JsonObject = {
    "root": {"home": directory(notes=file("b\na\nc"), papers=directory(draft=file("one\ntwo")), empty=directory())},
    "owner": "ada",
}


class Shell:
    """Commands one after the other."""

    def __init__(self, *states: JsonObject) -> None:
        shown: JsonSchema = {"type": "object", "properties": {"said": TEXT}}
        operations = tuple(
            Operation(
                name=command,
                original=command,
                description=command,
                parameters=tuple(Parameter(one, one, TEXT, required=True) for one in given),
                response=shown,
                function=f"do_{command}",
            )
            for command, given in COMMANDS.items()
        )
        compiled = compile_toolset(Toolset("shell", "Shell", "files", "", operations, states))
        assert self_check(compiled).failed == {}
        made = compiled.environment
        self.environment = made
        self.runtime = Runtime(made, simulation=SimulationPlan(trusted=True))
        self.at = self.runtime.start

    async def __call__(self, command: str, /, **arguments: JsonValue) -> Any:
        event, self.at = await self.runtime.step(self.at, Call(name=command, arguments=arguments))
        if event.failure is not None:
            assert event.failure.kind == "tool", event.failure
            return event.failure.code
        return event.result["said"] if isinstance(event.result, dict) else event.result


async def test_a_tree_of_a_state_document_is_walked_and_read() -> None:
    shell = Shell(TREE)
    assert await shell("pwd") == "/home"
    assert await shell("ls") == ["empty", "notes", "papers"]
    assert await shell("cat", file_name="papers/draft") == "one\ntwo"
    assert await shell("sort", file_name="notes") == "a\nb\nc"
    assert await shell("grep", file_name="papers/draft", pattern="tw") == ["two"]
    assert await shell("cd", folder="papers") == "/home/papers"
    assert await shell("find", path="..", name="no") == ["../notes"]
    assert await shell("diff", file_name1="draft", file_name2="../notes") == "- one\n+ b\n- two\n+ a\n+ c"
    assert shell.environment.initial_state.singletons["owner"] == "ada"


async def test_what_is_not_there_or_of_the_wrong_kind_is_refused() -> None:
    shell = Shell(TREE)
    assert await shell("cat", file_name="nothing") == "not_found"
    assert await shell("cat", file_name="papers") == "is_a_directory"
    assert await shell("cd", folder="notes") == "not_a_directory"
    assert await shell("cd", folder="..") == "not_found"
    assert await shell("mkdir", dir_name="papers") == "already_exists"
    assert await shell("rmdir", dir_name="papers") == "not_empty"
    assert await shell("mv", source="papers", destination="papers/inside") == "invalid_argument"
    assert await shell("touch", file_name="nowhere/x") == "not_found"


async def test_files_are_made_written_moved_copied_and_removed_with_all_below_them() -> None:
    shell = Shell(TREE)
    await shell("mkdir", dir_name="new")
    await shell("echo", content="hello", file_name="new/greeting")
    assert await shell("cat", file_name="new/greeting") == "hello"
    await shell("cp", source="new", destination="papers")
    assert await shell("cat", file_name="papers/new/greeting") == "hello"
    await shell("mv", source="papers", destination="old")
    assert await shell("cat", file_name="old/new/greeting") == "hello"
    assert await shell("cat", file_name="papers/draft") == "not_found"
    await shell("rm", file_name="old")
    assert await shell("find", path=".", name="") == ["./empty", "./new", "./new/greeting", "./notes"]
    await shell("rmdir", dir_name="empty")
    assert await shell("ls") == ["new", "notes"]


async def test_without_a_state_document_there_are_some_files_to_begin_with() -> None:
    shell = Shell()
    assert await shell("pwd") == "/home/user"
    assert await shell("ls") == ["documents", "notes.txt", "projects"]
    assert await shell("sort", file_name="notes.txt") == "bread\nmilk\nstamps"
