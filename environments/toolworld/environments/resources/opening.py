"""Opening resources by type, and the tools that each has."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from toolworld.environments.resources.database import DATABASE_FILES, Databases
from toolworld.environments.resources.database_tools import DATABASE_TOOLS, DatabaseSettings
from toolworld.environments.resources.document import DOCUMENT_TOOLS, Documents, DocumentSettings
from toolworld.environments.resources.files import digest_of_files, files_in
from toolworld.environments.resources.knowledge_base import (
    KNOWLEDGE_BASE_TOOLS,
    KnowledgeBase,
    KnowledgeBaseSettings,
)
from toolworld.environments.resources.live_web import LiveWeb
from toolworld.environments.resources.reading import READABLE
from toolworld.environments.resources.resource import Resource
from toolworld.environments.resources.table_tools import FILESYSTEM_TOOLS, FilesystemSettings
from toolworld.environments.resources.tables import TABLE_FILES, TableFolder
from toolworld.environments.resources.web import WEB_TOOLS, PageFolder, WebSettings
from toolworld.environments.spec.resource import RESOURCE_TYPES, ResourceSpec, ResourceType
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonObject, Record, SpecError, describe_error, with_variables


@dataclass(frozen=True)
class _Kind:
    """What there is to a type of resource."""

    settings: type[Record]
    tools: tuple[ToolSpec, ...]
    files: tuple[str, ...]
    """The endings of its files."""


KINDS: dict[ResourceType, _Kind] = {
    "web": _Kind(WebSettings, WEB_TOOLS, READABLE),
    "knowledge_base": _Kind(KnowledgeBaseSettings, KNOWLEDGE_BASE_TOOLS, (*READABLE, ".jsonl")),
    "document": _Kind(DocumentSettings, DOCUMENT_TOOLS, READABLE),
    "database": _Kind(DatabaseSettings, DATABASE_TOOLS, DATABASE_FILES),
    "filesystem": _Kind(FilesystemSettings, FILESYSTEM_TOOLS, TABLE_FILES),
}


def tools_of_resource(kind: ResourceType) -> tuple[ToolSpec, ...]:
    """The tools of a type of resource."""
    return KINDS[kind].tools


def read_settings(kind: ResourceType, settings: JsonObject) -> Record:
    """Check the settings of a resource.

    Raises:
        SpecError: one is unknown or of another type.
    """
    model = KINDS[kind].settings
    unknown = next((name for name in settings if name not in model.model_fields), None)
    if unknown is not None:
        near = get_close_matches(unknown, model.model_fields, 1)
        known = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(model.model_fields)}"
        raise SpecError(f"{kind}: there is no setting `{unknown}`; {known}")
    try:
        return model.model_validate(settings)
    except ValidationError as problem:
        raise SpecError(f"{kind}: {describe_error(problem)}") from None


def digest_of_resource(spec: ResourceSpec, folder: Path) -> str | None:
    """The digest of a resource's files; None where it has none.

    Raises:
        SpecError: they are not there, or lie outside the folder.
    """
    place = place_of_files(spec, folder)
    if place is None:
        return None
    return digest_of_files(files_in(place, KINDS[spec.type].files, spec.type), place)


def place_of_files(spec: ResourceSpec, folder: Path) -> Path | None:
    """Where the files of a resource are; None where it has none.

    Raises:
        SpecError: it names a place outside its environment's folder.
    """
    named = spec.settings.get("folder")
    if not isinstance(named, str):
        return None
    place = folder / named
    if not place.resolve().is_relative_to(folder.resolve()):
        raise SpecError(f"{spec.type}: {named} lies outside the folder of its environment")
    return place


def open_resource(spec: ResourceSpec, folder: Path | None) -> Resource:
    """Open a resource.

    Args:
        spec: What it is.
        folder: The folder of its environment; None where nobody knows it.

    Raises:
        SpecError: its files are not there, are others than they were, or cannot be read; or a variable is not set.
    """
    settings = read_settings(spec.type, spec.settings)
    at = folder or Path()
    if "folder" in spec.settings and spec.settings["folder"] is not None:
        if folder is None:
            raise SpecError(f"{spec.type}: its files lie in the folder of its environment, which is opened from there")
        place_of_files(spec, folder)
        if spec.digest is None or digest_of_resource(spec, folder) != spec.digest:
            raise SpecError(f"{spec.type}: the files in {place_of_files(spec, folder)} are others than they were")
    match settings:
        case WebSettings():
            if settings.search_url is None:
                return PageFolder.open(settings, at)
            address = with_variables(settings.search_url, spec.type, os.environ)
            headers = {name: with_variables(value, spec.type, os.environ) for name, value in settings.headers.items()}
            return LiveWeb(settings, address, headers)
        case DatabaseSettings():
            dsn = None if settings.dsn is None else with_variables(settings.dsn, spec.type, os.environ)
            return Databases.open(settings, at, dsn)
        case _:
            openers: dict[type[Record], Callable[..., Resource]] = {
                KnowledgeBaseSettings: KnowledgeBase.open,
                DocumentSettings: Documents.open,
                FilesystemSettings: TableFolder.open,
            }
            return openers[type(settings)](settings, at)


def resource_type(name: str) -> ResourceType:
    """The type of resource of a name.

    Raises:
        SpecError: there is none.
    """
    for one in RESOURCE_TYPES:
        if one == name:
            return one
    raise SpecError(f"there is no resource {name!r}; there are: {', '.join(RESOURCE_TYPES)}")
