"""Files that are written for other frameworks, with what differs put in."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from toolworld.ground import JsonValue, RecordError, encode, os_reason

TEMPLATES = files("toolworld.datasets.training_export") / "templates"


def filled(template: str, **values: object) -> bytes:
    """A template with its values."""
    text = Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8"))
    return text.substitute({key: str(value) for key, value in values.items()}).encode()


def lines(rows: list[JsonValue]) -> bytes:
    """Rows as lines of JSON."""
    return b"".join(encode(row) + b"\n" for row in rows)


def write_folder(out: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a new folder.

    Raises:
        RecordError: something is there already, or cannot be written.
    """
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise RecordError(f"{out} is there already; name another folder")
    try:
        for name, data in contents.items():
            place = out / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    except OSError as problem:
        raise RecordError(f"{out} cannot be written: {os_reason(problem)}") from None
