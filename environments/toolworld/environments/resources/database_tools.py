"""How databases are set up, and the tools that ask them."""

from typing import Annotated

from pydantic import Field

from toolworld.environments.resources.resource import TEXT, read_tool, rows_of, text, texts
from toolworld.ground import JsonSchema, Record


class DatabaseSettings(Record):
    """How databases are set up."""

    folder: str | None = None
    """A folder of SQLite files or SQL scripts, or one of them; a database's id is its file's name."""
    dsn: Annotated[str, Field(pattern=r"^\$\{\w+\}$")] | None = None
    """A PostgreSQL database instead, `${NAME}` of the environment variable that holds its address."""
    row_limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How many rows a query gives at most."""
    seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 10.0
    """How long a query may take."""


_COLUMN: JsonSchema = {"type": "object"}
DATABASE_TOOLS = (
    read_tool(
        "text2sql_list_databases",
        "List the databases, each with its tables.",
        {},
        required=[],
        result={"databases": rows_of(db_id=TEXT, tables={"type": "array", "items": TEXT})},
        errors={},
    ),
    read_tool(
        "text2sql_get_schema",
        "Give the schema of a database: its tables with columns, keys and a row each.",
        {"db_id": text("The database."), "table_names": texts("The tables; by default all.")},
        required=["db_id"],
        result={
            "db_id": TEXT,
            "tables": rows_of(
                table=TEXT,
                columns=rows_of(name=TEXT, type=TEXT, key={"type": "boolean"}),
                references=rows_of(column=TEXT, table=TEXT, to=TEXT),
                sample={"type": "array", "items": _COLUMN},
            ),
        },
        errors={"unknown_database": "there is no such database", "unknown_table": "it has no such table"},
    ),
    read_tool(
        "text2sql_execute",
        "Run a query that only reads (SELECT or WITH). Returns its rows, as many as the limit allows.",
        {"db_id": text("The database."), "query": text("One SQL statement.", format="free-text")},
        required=["db_id", "query"],
        result={
            "columns": {"type": "array", "items": TEXT},
            "rows": {"type": "array", "items": _COLUMN},
            "cut": {"type": "boolean"},
        },
        errors={
            "unknown_database": "there is no such database",
            "query_failed": "the query is wrong, takes too long, or would change something",
        },
    ),
)
