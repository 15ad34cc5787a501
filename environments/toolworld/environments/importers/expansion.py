"""References of an OpenAPI document, put in place: inside the document only, bounded in depth, and open where they
lead back to themselves."""

from toolworld.environments.importers.found_toolset import list_of
from toolworld.ground import JsonObject, JsonSchema, JsonValue, RecordError

MAX_DEPTH = 7
"""How deep schemas are followed."""
MAX_EXPANDED = 1_000_000
"""How many schemas are made of one document."""
MAX_REFERENCES = 20
"""How many references in a row are followed."""


class Expansion:
    """Puts what is referred to in the place of references, and what is combined into one schema.

    Args:
        document: The whole document.
    """

    def __init__(self, document: JsonObject) -> None:
        self._document = document
        self._made: dict[tuple[str, int], JsonSchema] = {}
        self._open = set[str]()
        self._left = MAX_EXPANDED

    def target(self, value: JsonValue) -> JsonValue:
        """What a value is or refers to; None where it refers to nothing in the document."""
        for _ in range(MAX_REFERENCES):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        return None

    def schema(self, value: JsonValue, depth: int = 0) -> JsonSchema:
        """A schema with everything in place; what is deeper than `MAX_DEPTH` is open."""
        if not isinstance(value, dict) or depth > MAX_DEPTH:
            return {}
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return self._expanded(value, depth)
        title = reference.rsplit("/", 1)[-1][:100]
        if reference in self._open:
            return {"title": title}
        known = self._made.get((reference, depth))
        if known is None:
            target = self.target(value)
            self._open.add(reference)
            known = self._expanded(target, depth) if isinstance(target, dict) else {}
            self._open.remove(reference)
            self._made[reference, depth] = known = {**known, "title": title}
        return known

    def _expanded(self, schema: JsonSchema, depth: int) -> JsonSchema:
        self._left -= 1
        if self._left < 0:
            raise RecordError(f"its references lead to more than {MAX_EXPANDED:,} schemas")
        made = {name: value for name, value in schema.items() if name not in ("allOf", "oneOf", "anyOf")}
        properties = made.get("properties")
        if isinstance(properties, dict):
            made["properties"] = {name: self.schema(inner, depth + 1) for name, inner in properties.items()}
        if isinstance(made.get("items"), dict):
            made["items"] = self.schema(made["items"], depth + 1)
        for part in self._parts(schema, depth):
            _merge(made, part)
        return made

    def _parts(self, schema: JsonSchema, depth: int) -> list[JsonSchema]:
        """What a schema is combined of: all of `allOf`, and of a choice the first that is not null."""
        parts = [self.schema(one, depth + 1) for one in list_of(schema.get("allOf"))]
        for choice in ("oneOf", "anyOf"):
            branches = [self.schema(one, depth + 1) for one in list_of(schema.get(choice))[:8]]
            parts += [one for one in branches if one.get("type") != "null"][:1]
        return parts

    def _at(self, reference: str) -> JsonValue:
        if not reference.startswith("#/"):
            return None
        place: JsonValue = self._document
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")  # the escapes of JSON Pointer (RFC 6901)
            place = place.get(name) if isinstance(place, dict) else None
        return place


def _merge(made: JsonSchema, part: JsonSchema) -> None:
    for name, value in part.items():
        mine = made.get(name)
        if name == "properties" and isinstance(value, dict) and isinstance(mine, dict):
            made[name] = {**value, **mine}
        elif name == "required" and isinstance(value, list) and isinstance(mine, list):
            made[name] = [*mine, *(one for one in value if one not in mine)]
        else:
            made.setdefault(name, value)
