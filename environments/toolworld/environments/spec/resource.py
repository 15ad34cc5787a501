"""What stands behind tools that look something up in files, a database or the web, instead of in the state."""

from typing import Literal, get_args

from toolworld.ground import JsonObject, Record

ResourceType = Literal["web", "knowledge_base", "document", "database", "filesystem"]
"""`web`: search and visit pages. `knowledge_base`: retrieve passages of documents. `document`: outline, search and read
documents. `database`: SQL. `filesystem`: tables, read and computed with."""
RESOURCE_TYPES: tuple[ResourceType, ...] = get_args(ResourceType)


class ResourceSpec(Record):
    """A resource of an environment."""

    type: ResourceType
    settings: JsonObject
    """What it is opened with; files are named as they lie in the environment's folder."""
    digest: str | None = None
    """The SHA-256 of its files, so that others are noticed; None where it is not made of files."""
