"""The form of a collection's keys: numbers where callers give numbers, else texts that callers are allowed to give."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.environments.normaliser.mend import plain_type
from toolworld.ground import JsonSchema, Schema, SpecError

FIRST_NUMBER = 1001
"""The number of the first record."""
_ISSUED = "A6685F3B"
"""What an id ends in that a program issues: eight hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How keys look."""

    is_number: bool
    """Whether keys are digits; else a prefix, and then digits or what a program issues."""
    prefix: str = ""

    def seeded(self, number: int) -> str:
        """The key of a record that is there from the beginning."""
        return f"{self.prefix}{FIRST_NUMBER + number}" if self.is_number else self._padded(f"{FIRST_NUMBER + number}")

    def _padded(self, digits: str) -> str:
        """As long as an issued one, where the prefix was made long for a limit."""
        return f"{self.prefix}{digits.zfill(len(_ISSUED)) if self.prefix.endswith('0') else digits}"


def key_form(entity: str, schemas: Sequence[JsonSchema]) -> KeyForm:
    """Find keys that every schema of a key allows.

    Args:
        entity: What the records are.
        schemas: The schemas of the field and of the parameters that hold keys.
    """
    numbers = KeyForm(is_number=True)
    if any(plain_type(one) in ("integer", "number") for one in schemas):
        return numbers
    stem = _stem(entity)
    least = max((one for schema in schemas if isinstance(one := schema.get("minLength"), int)), default=0)
    long = stem + "0" * max(0, least - len(stem) - len(_ISSUED))
    prefixes = (stem, long, stem.upper().replace("_", "-"), long.upper().replace("_", "0"), "")
    forms = [KeyForm(is_number=False, prefix=prefix) for prefix in dict.fromkeys(prefixes)]
    return next((one for one in (*forms, numbers) if _is_allowed(one, schemas)), forms[0])


def _stem(entity: str) -> str:
    parts = [one for one in entity.split("_") if one]
    letters = "".join(one[0] for one in parts) if len(parts) > 1 else (parts[0][:3] if parts else "rec")
    return f"{letters}_"


def _is_allowed(form: KeyForm, schemas: Sequence[JsonSchema]) -> bool:
    samples = [form.seeded(0), *([] if form.is_number else [f"{form.prefix}{_ISSUED}"])]
    try:
        checks = [Schema(_of_text(one), "a key") for one in schemas if _of_text(one)]
    except SpecError:
        return False
    return all(check.error_in(sample) is None for check in checks for sample in samples)


def _of_text(schema: JsonSchema) -> JsonSchema:
    """What a schema asks of a text."""
    return {name: schema[name] for name in ("minLength", "maxLength", "pattern", "format") if name in schema}
