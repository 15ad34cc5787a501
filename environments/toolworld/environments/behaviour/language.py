"""The language of behaviour programs: Python without everything that could reach out of a program.

Whether a program is in the language is checked by `program_check`, and what it can still do too much of
(loops, long texts, large numbers) is bounded while it runs, by what `compiler` puts in and `guards` does.
"""

import ast
import re
from functools import lru_cache
from typing import NamedTuple

from toolworld.environments.spec.environment import BEHAVIOUR_FILE

MAX_SOURCE_BYTES = 100_000
"""Maximum size of a program."""
MAX_NESTING = 60
"""Maximum depth of a program's syntax tree."""
MAX_PLACEHOLDERS = 100
"""Maximum number of values in one f-string."""
MAX_LITERAL_BITS = 64
"""Maximum size of an integer that is written out."""

HOST_FUNCTIONS = {
    "get": ("name", "key"),
    "find": ("collection", "where", "fold"),
    "rows": ("collection", "fields"),
    "insert": ("collection", "record"),
    "update": ("collection", "key", "fields"),
    "delete": ("collection", "key"),
    "set": ("name", "value"),
    "new_id": ("prefix",),
    "now": (),
    "today": (),
    "fail": ("code", "message"),
    "add_days": ("day", "days"),
    "add_minutes": ("moment", "minutes"),
    "days_between": ("first", "second"),
    "minutes_between": ("first", "second"),
    "weekday": ("day",),
}
"""The functions that toolworld adds to the language, each with its parameters."""
WRITES = frozenset({"insert", "update", "delete", "set"})
"""The host functions that change the state."""
_FUNCTIONS = """abs all any bool dict enumerate float int isinstance len list max min range reversed round sorted str
sum tuple zip"""
BUILTIN_FUNCTIONS = frozenset(_FUNCTIONS.split())
"""The functions of Python that programs have."""
TYPE_NAMES = frozenset({"bool", "dict", "float", "int", "list", "str", "tuple"})
"""What may stand second in `isinstance`."""
_TEXT_METHODS = """capitalize casefold center count endswith find index isalnum isalpha isdecimal isdigit islower
isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust
rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill"""
_CONTAINER_METHODS = """append clear copy count extend get index insert items keys pop popitem remove reverse setdefault
sort update values"""
METHODS = frozenset({*_TEXT_METHODS.split(), *_CONTAINER_METHODS.split()})
"""The methods of Python's texts, lists, dicts and numbers that programs have."""
FORMAT = re.compile(r"[<>^]?[+]?\d{0,2}[,_]?(\.\d{1,2})?[dfs%]?")
"""What may follow the colon in a placeholder of an f-string."""

_NODES = """Module FunctionDef arguments arg Return Assign AnnAssign AugAssign For If Expr Pass Continue Break
BoolOp And Or BinOp Add Sub Mult Div FloorDiv Mod BitOr UnaryOp Not USub UAdd Lambda IfExp Dict List Tuple Compare
Eq NotEq Lt LtE Gt GtE In NotIn Is IsNot Call keyword Constant Name Load Store Subscript Slice ListComp DictComp
GeneratorExp comprehension Attribute JoinedStr FormattedValue Starred"""
NODES = frozenset(getattr(ast, name) for name in _NODES.split())
"""The kinds of syntax that are in the language."""
INSTEAD: dict[type[ast.AST], str] = {
    ast.While: "`while` is not in the language: write `for _ in range(limit):` with a `break`",
    ast.Try: "`try` is not in the language: look first, with `if`",
    ast.Raise: "`raise` is not in the language: write `fail(code, message)`",
    ast.Assert: "`assert` is not in the language: write `if ...: fail(code, message)`",
    ast.Import: "`import` is not in the language: the host functions are there without it",
    ast.ImportFrom: "`import` is not in the language: the host functions are there without it",
    ast.ClassDef: "`class` is not in the language: write a record as a dict",
    ast.Set: "a set has no order and is not in the language: write a list, or a dict with the elements as keys",
    ast.SetComp: "a set has no order and is not in the language: write a list, or a dict with the elements as keys",
    ast.Delete: "`del` is not in the language: write `values.pop(key)`",
    ast.Global: "`global` is not in the language: state is kept with `set`, `insert` and `update`",
    ast.Nonlocal: "`nonlocal` is not in the language: give a value as a parameter, and return it",
    ast.With: "`with` is not in the language",
    ast.Match: "`match` is not in the language: write `if` and `elif`",
    ast.NamedExpr: "`:=` is not in the language: assign on a line of its own",
    ast.AsyncFunctionDef: "`async` is not in the language: host functions answer at once",
    ast.Await: "`await` is not in the language: host functions answer at once",
    ast.Yield: "`yield` is not in the language: build a list and return it",
    ast.YieldFrom: "`yield` is not in the language: build a list and return it",
    ast.Pow: "`**` is not in the language: write the product out, `x * x`",
    ast.MatMult: "`@` is not in the language",
    ast.LShift: "`<<` is not in the language: multiply",
    ast.RShift: "`>>` is not in the language: divide with `//`",
    ast.BitAnd: "`&` is not in the language: for conditions write `and`",
    ast.BitXor: "`^` is not in the language",
    ast.Invert: "`~` is not in the language: for conditions write `not`",
}
"""What to write instead of the syntax that is most often missed."""


_DATES = "dates are texts: write `today()`, `now()`, `add_days`, `days_between`, `weekday`"
_SETS = "there are no sets: write a list, or a dict with the elements as keys"
_IDS = "write `new_id(prefix)`: the same in every replay"
INSTEAD_OF_NAMES = {
    "type": "write `isinstance(value, str)`",
    "frozenset": _SETS,
    "print": "leave it out: what an agent is to read is returned",
    "format": "write an f-string, such as `f'{price:.2f}'`",
    "map": "write a comprehension, `[f(x) for x in values]`",
    "filter": "write a comprehension, `[x for x in values if ...]`",
    "next": "write a `for` with `return` or `break`",
    "iter": "lists are gone through as they are",
    "hasattr": "write `'field' in record`",
    "getattr": "write `record['field']`, or `record.get('field')`",
    "setattr": "write `update(collection, key, {...})`",
    "divmod": "write `//` and `%`",
    "pow": "write the product out, `x * x`",
    "Exception": "write `fail(code, message)`",
    "ValueError": "write `fail(code, message)`",
    "datetime": _DATES,
    "date": _DATES,
    "timedelta": _DATES,
    "time": _DATES,
    "random": _IDS,
    "uuid": _IDS,
    "math": "write `round`, `//` and `%`; upwards it is `-(-a // b)`",
    "re": "write the methods of texts: `split`, `startswith`, `isdigit`, `replace`",
    "json": "values are JSON already",
    "Counter": "write a dict: `counts[x] = counts.get(x, 0) + 1`",
    "defaultdict": "write a dict with `setdefault`",
    "state": "write `get`, `find` and `rows`",
    "db": "write `get`, `find` and `rows`",
}
"""What to write instead of names of Python that programs do not have."""
INSTEAD_OF_METHODS = {
    "format": "write an f-string",
    "format_map": "write an f-string",
    "encode": "texts stay texts",
    "add": _SETS,
    "discard": _SETS,
    "isoformat": _DATES,
    "strftime": _DATES,
    "strptime": _DATES,
    "date": _DATES,
    "days": _DATES,
    "total_seconds": "write `minutes_between(first, second)`",
    "today": "write `today()`",
    "now": "write `now()`",
}
"""What to write instead of methods that programs do not have."""


class ProgramError(NamedTuple):
    """A place where a program is not in the language, and what to write there instead."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{BEHAVIOUR_FILE}:{self.line}:{self.column}: {self.message}"


@lru_cache(maxsize=256)
def function_names(source: str) -> frozenset[str]:
    """The names of the top-level functions that a program defines."""
    return frozenset(re.findall(r"^def +(\w+)", source, re.MULTILINE))


def constant_names(source: str) -> frozenset[str]:
    """The names of the top-level constants that a program defines."""
    return frozenset(re.findall(r"^(\w+) *(?::[^=\n]+)?=(?!=)", source, re.MULTILINE))
