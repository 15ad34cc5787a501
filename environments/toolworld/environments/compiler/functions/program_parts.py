"""The functions that compiled programs share; a program has those of them that it calls."""

import re

SHARED_FUNCTIONS = (
    '''def _shown(record, names=None):
    """A record without the fields that tools do not show, or only some of its fields."""
    kept = record if names is None else names
    return {name: record[name] for name in kept if name in record and not name.startswith("_")}
''',
    '''def _given(fields):
    """The fields that have a value."""
    return {name: fields[name] for name in fields if fields[name] is not None}
''',
    '''def _at(record, path):
    """The value at a dotted path of a record, or None."""
    value = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
''',
    '''def _same(value, wanted):
    """Whether a value is what a filter asks for; of several values, whether one of them is."""
    if isinstance(value, list):
        return any([_same(one, wanted) for one in value])
    if isinstance(wanted, list):
        return any([_same(value, one) for one in wanted])
    return value == wanted or str(value).lower().replace(" ", "") == str(wanted).lower().replace(" ", "")
''',
    '''def _parts(text):
    """The values that a text lists."""
    return [one.strip() for one in str(text).split(",")]
''',
    '''def _is_at_least(value, bound):
    """Whether a value is not below a bound; dates are compared as texts."""
    if isinstance(value, str) and isinstance(bound, str):
        return value >= bound
    return _is_number(value) and _is_number(bound) and value >= bound
''',
    '''def _is_at_most(value, bound):
    """Whether a value is not above a bound; a day ends with its last second."""
    if isinstance(value, str) and isinstance(bound, str):
        return value[: len(bound)] <= bound
    return _is_number(value) and _is_number(bound) and value <= bound
''',
    '''def _with_value(record, name, value):
    """A record with another value under a name."""
    changed = dict(record or {})
    changed[name] = value
    return changed
''',
    '''def _with_values(record, values):
    """A record with other values under some names."""
    changed = dict(record or {})
    changed.update(values)
    return changed
''',
    '''def _chosen(choices, given):
    """One of some choices: the same for the same arguments, however their letters are written."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    number = 0
    for letter in str(given).lower()[:500]:
        number = (number * 31 + letters.find(letter) + 2) % 1000003
    return choices[number % len(choices)]
''',
    '''def _is_above(value, bound):
    """Whether a number is above another one."""
    return _is_number(value) and _is_number(bound) and value > bound
''',
    '''def _is_below(value, bound):
    """Whether a number is below another one."""
    return _is_number(value) and _is_number(bound) and value < bound
''',
    '''def _number(value):
    """A number, or 0 for what is none."""
    return value if _is_number(value) else 0
''',
    '''def _has_day(value):
    """Whether a text begins with a day, such as 2026-03-01."""
    if not isinstance(value, str) or len(value) < 10 or value[4] != "-" or value[7] != "-":
        return False
    digits = value[:4] + value[5:7] + value[8:10]
    if not all([one in "0123456789" for one in digits]):
        return False
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    if year < 1 or month < 1 or month > 12 or day < 1:
        return False
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= [31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
''',
    '''def _day(value):
    """The day that a text begins with; today where it has none."""
    return value[:10] if _has_day(value) else today()
''',
    '''def _is_number(value):
    """Whether a value can be compared with a number."""
    return isinstance(value, int) or isinstance(value, float)
''',
    '''def _says(record, query):
    """Whether a record has all words of a query in it."""
    text = " ".join([str(record[name]) for name in record if not name.startswith("_")]).lower()
    return all([word in text for word in str(query).lower().split()])
''',
    '''def _sorted(records, order, direction=None):
    """Records in the order of a field; `-name`, `name:desc` and a direction `desc` turn it round."""
    text = str(order or "").lower().split(",")[0]
    name = str(order or "").split(",")[0].strip("+-").split(":")[0].split(" ")[0]
    if not [one for one in records if name in one]:
        name = name.removesuffix("_desc").removesuffix("_asc").removesuffix("Desc").removesuffix("Asc")
    known = [one for one in records if one.get(name) is not None]
    numbers = [one for one in known if not isinstance(one[name], str)]
    found = sorted([one for one in numbers if not isinstance(one[name], list) and not isinstance(one[name], dict)],
                   key=lambda one: one[name])
    found = found + sorted([one for one in known if isinstance(one[name], str)], key=lambda one: one[name])
    turns = [text.endswith(mark + "desc") for mark in (":", " ", "_", "-")]
    if text.startswith("-") or any(turns) or "desc" in str(direction or "").lower():
        found = list(reversed(found))
    return found + [one for one in records if one not in found]
''',
    '''def _whole(value, otherwise):
    """A number of a page, however it is written."""
    return int(value) if str(value).isdecimal() and len(str(value)) < 10 else otherwise
''',
    '''def _page(records, limit=None, offset=None, page=None, first=1):
    """A part of a list."""
    size = _whole(limit, 50) if limit is not None or page is not None else len(records)
    start = _whole(offset, 0) if page is None else max(0, _whole(page, first) - first) * size
    return records[start : start + size]
''',
    '''def _free_number(records, number):
    """The first number from there on that no record has."""
    for _ in records:
        if all([str(number) not in (str(one.get("_key")), str(one.get("id"))) for one in records]):
            break
        number = number + 1
    return number
''',
    '''def _next_number(records, name):
    """A number that no record has yet."""
    return max([int(one[name]) for one in records if str(one.get(name)).isdigit()] + [1000]) + 1
''',
    '''def _seconds():
    """The time as seconds since 1970."""
    return minutes_between("1970-01-01T00:00:00Z", now()) * 60
''',
)
_BY_NAME = {source.removeprefix("def ").split("(")[0]: source for source in SHARED_FUNCTIONS}
_CALLED = re.compile(r"\b(_[a-z_]+)\(")


def shared_functions(source: str) -> str:
    """The shared functions that a program calls, with those that they call themselves."""
    wanted = [name for name in _CALLED.findall(source) if name in _BY_NAME]
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += [one for one in _CALLED.findall(_BY_NAME[name]) if one in _BY_NAME]
    return "\n\n".join(source for name, source in _BY_NAME.items() if name in found)
