"""Labels of samples: from a list of categories, found in the text, or from any field of a row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from toolworld.datasets.samples.sample import Sample
from toolworld.datasets.samples.tables import Row, read_rows
from toolworld.ground import EncodingError, JsonObject, JsonValue, RecordError, decode, read_bytes

Categories = Mapping[str, tuple[str, ...]]
"""The words of each attribute, in order."""
BESIDE = ("categories.json", "categories.csv", "expected.json")
"""Where categories are looked for beside a dataset; of the last one the field `categories` is read."""


def read_categories(path: Path) -> Categories:
    """The words of each attribute: a JSON object of lists, or a CSV file with a column for each.

    Blank cells and repeated words are left out.

    Raises:
        RecordError: the file cannot be read, or is of another form.
    """
    if path.suffix == ".csv":
        columns: dict[str, dict[str, None]] = {}
        for row in read_rows(path):
            for name, value in row.values.items():
                columns.setdefault(name, {})[str(value).strip()] = None
        found: JsonValue = {name: [*words] for name, words in columns.items()}
    else:
        try:
            found = decode(read_bytes(path))
        except EncodingError as problem:
            raise RecordError(f"{path}: {problem}") from None
        if isinstance(found, dict) and isinstance(found.get("categories"), dict):
            found = found["categories"]
    if not isinstance(found, dict) or not all(isinstance(words, list) for words in found.values()):
        raise RecordError(f"{path}: categories are an object with a list of words for each attribute")
    lists = cast("dict[str, list[JsonValue]]", found)
    return {name: tuple(dict.fromkeys(str(one) for one in words if str(one).strip())) for name, words in lists.items()}


def categories_beside(path: Path) -> Categories:
    """The categories that lie beside a dataset; none where no file has any."""
    for name in BESIDE:
        place = path.parent / name
        if place.is_file() and (name != "expected.json" or b'"categories"' in read_bytes(place)):
            return read_categories(place)
    return {}


def with_field(sample: Sample, row: Row, fields: Sequence[str]) -> Sample:
    """A sample with fields of its row as labels.

    Raises:
        RecordError: the row has no such field.
    """
    labels = {field: _at(row, field) for field in fields}
    return sample.model_copy(update={"attributes": sample.attributes | labels}) if labels else sample


def _at(row: Row, field: str) -> str:
    """The value of a field, whose name may be a path: `metadata.domain`."""
    value: JsonValue = row.values
    for part in field.split("."):
        if not isinstance(value, dict) or part not in cast(JsonObject, value):
            has = ", ".join(f"`{name}`" for name in row.values)
            raise RecordError(f"{row.where}: there is no field `{field}`; it has {has}")
        value = value[part]
    return "" if value is None else str(value)
