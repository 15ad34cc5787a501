"""How a folder of tables is set up, and the tools that read it and compute with it."""

from typing import Annotated

from pydantic import Field

from toolworld.environments.resources.resource import TEXT, WHOLE_NUMBER, number, read_tool, rows_of, text
from toolworld.ground import Record


class FilesystemSettings(Record):
    """How a folder of tables is set up."""

    folder: str
    """A folder of CSV, TSV, JSON and text files, or one of them."""
    seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 10.0
    """How long a piece of Python may take."""
    megabytes: Annotated[int, Field(ge=64, le=65_536)] = 512
    """How much memory it may take."""


FILESYSTEM_TOOLS = (
    read_tool(
        "ds_list_files",
        "List the files, each with how many bytes it has.",
        {},
        required=[],
        result={"files": rows_of(file=TEXT, bytes=WHOLE_NUMBER)},
        errors={},
    ),
    read_tool(
        "ds_inspect_data",
        "Look at a table: its columns with their types, how many rows it has, and the first ones.",
        {"file": text("The file's name.")},
        required=["file"],
        result={
            "file": TEXT,
            "rows": WHOLE_NUMBER,
            "columns": rows_of(name=TEXT, type=TEXT, different=WHOLE_NUMBER),
            "sample": {"type": "array", "items": {"type": "object"}},
        },
        errors={"file_not_found": "there is no such file", "not_a_table": "the file is no table"},
    ),
    read_tool(
        "ds_read_csv",
        "Read rows of a table.",
        {
            "csv_file": text("The file's name."),
            "max_rows": number("How many rows.", 200),
            "first_row": {"type": "integer", "minimum": 0, "default": 0, "description": "The first one, from 0."},
        },
        required=["csv_file"],
        result={"rows": {"type": "array", "items": {"type": "object"}}, "total": WHOLE_NUMBER},
        errors={"file_not_found": "there is no such file", "not_a_table": "the file is no table"},
    ),
    read_tool(
        "ds_read_file",
        "Read a text file.",
        {"file": text("The file's name.")},
        required=["file"],
        result={"file": TEXT, "text": TEXT},
        errors={"file_not_found": "there is no such file"},
    ),
    read_tool(
        "ds_run_python",
        "Run Python. `read_csv(name)` gives a table as a list of dicts with numbers as numbers, `open(name)` a file, "
        "and `pandas` is there if it is installed. Returns what was printed, and the last expression.",
        {"code": text("The program.", format="free-text")},
        required=["code"],
        result={"output": TEXT, "value": {}},
        errors={"python_failed": "the program raised an error, was stopped, or used up too much"},
    ),
)
