r"""Reading an expression as people and models write it (`3/4`, `\frac{3}{4}`, `1,200`, `2\sqrt{3}`) with sympy.

What is read was written by strangers: it is taken apart by `ast`, only arithmetic and a few functions are let through,
and numbers and powers are bounded, so that nothing is run and nothing takes long.
"""

import ast
import re
from functools import lru_cache
from importlib import import_module
from typing import Any

MOST_CHARACTERS, MOST_DIGITS, MOST_EXPONENT, MOST_PARTS = 400, 60, 200, 120
_MOST_OPERATIONS = 8
_FUNCTIONS = ("sqrt", "sin", "cos", "tan", "exp", "log", "ln", "abs", "factorial")
_CONSTANTS = {"pi": "pi", "π": "pi", "e": "E", "i": "I", "oo": "oo"}


class UnreadableError(ValueError):
    """It is no expression that is read here."""


@lru_cache(maxsize=4096)
def read_expression(text: str) -> Any:
    """An expression as a sympy object; tuples, lists and sets as Python's, of such objects.

    Raises:
        UnreadableError: it is none, or too large.
    """
    if len(text) > MOST_CHARACTERS:
        raise UnreadableError(f"longer than {MOST_CHARACTERS} characters")
    plain = as_python(text)
    try:
        tree = ast.parse(plain, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableError(f"no expression: {text[:80]}") from None
    if sum(1 for _ in ast.walk(tree)) > 4 * MOST_PARTS:
        raise UnreadableError("too many parts")
    return _Reading(plain).value(tree.body)


class _Reading:
    """Makes sympy objects of a syntax tree.

    Args:
        source: The text, from which numbers are taken as they are written: 0.1 is a tenth.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._sympy: Any = import_module("sympy")  # takes time to load

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float()):
                return self._number(ast.get_source_segment(self._source, node) or "")
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
                found = self._scalar(inner)
                return -found if isinstance(node.op, ast.USub) else found
            case ast.BinOp():
                return self._combined(node)
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
                return self._applied(name, self._scalar(inner))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return tuple(self.value(one) for one in parts)
            case ast.Set(elts=parts):
                return frozenset(self.value(one) for one in parts)
            case _:
                raise UnreadableError(f"not read here: {type(node).__name__}")

    def _scalar(self, node: ast.expr) -> Any:
        found = self.value(node)
        if isinstance(found, tuple | frozenset):
            raise UnreadableError("a tuple inside an expression")
        return found

    def _number(self, written: str) -> Any:
        if len(written) > MOST_DIGITS or not re.fullmatch(r"[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]{1,2})?", written):
            raise UnreadableError(f"no number of at most {MOST_DIGITS} digits: {written[:80]}")
        return self._sympy.Rational(written)

    def _named(self, name: str) -> Any:
        if name in _CONSTANTS:
            return getattr(self._sympy, _CONSTANTS[name])
        if len(name) > 12:
            raise UnreadableError(f"no name of a variable: {name[:80]}")
        return self._sympy.Symbol(name)

    def _combined(self, node: ast.BinOp) -> Any:
        one, other = self._scalar(node.left), self._scalar(node.right)
        match node.op:
            case ast.Add():
                return one + other
            case ast.Sub():
                return one - other
            case ast.Mult():
                return self._bounded(one * other)
            case ast.Div():
                if other == 0:
                    raise UnreadableError("a division by zero")
                return self._bounded(one / other)
            case ast.Pow():
                return self._power(one, other)
            case _:
                raise UnreadableError(f"not read here: {type(node.op).__name__}")

    def _power(self, base: Any, exponent: Any) -> Any:
        self._refuse_tower(exponent)
        if exponent.is_number and not abs(complex(exponent.evalf(6))) <= MOST_EXPONENT:
            raise UnreadableError(f"an exponent above {MOST_EXPONENT}")
        if base == 0 and exponent.is_number and exponent.is_negative:
            raise UnreadableError("a division by zero")
        return self._bounded(base**exponent)

    def _applied(self, name: str, argument: Any) -> Any:
        if name == "factorial" and not (argument.is_Integer and 0 <= argument <= 50):
            raise UnreadableError("a factorial above 50")
        if name in ("log", "ln") and argument == 0:
            raise UnreadableError("the logarithm of zero")
        if name == "exp":
            self._refuse_tower(argument)
        elif argument.has(self._sympy.exp) and argument.count_ops() > _MOST_OPERATIONS:
            raise UnreadableError("a function of a power that is too large")
        names = {"ln": "log", "abs": "Abs"}
        return self._bounded(getattr(self._sympy, names.get(name, name))(argument))

    def _refuse_tower(self, exponent: Any) -> None:
        """Refuse a power in an exponent: its value may take longer than anybody waits."""
        if not exponent.is_Rational and exponent.has(self._sympy.Pow, self._sympy.exp):
            raise UnreadableError("a power in an exponent")
        sizes = [abs(one) for one in exponent.atoms(self._sympy.Rational)]
        if any(one > MOST_EXPONENT for one in sizes) or exponent.count_ops() > _MOST_OPERATIONS:
            raise UnreadableError("an exponent that is too large")

    def _bounded(self, found: Any) -> Any:
        """A value whose numbers are of bounded size; products of large ones would grow without end."""
        large = any(max(abs(one.p), one.q).bit_length() > 8 * MOST_DIGITS for one in found.atoms(self._sympy.Rational))
        if large or len(found.args) > MOST_PARTS:
            raise UnreadableError("a number that is too large")
        return found


_DROPPED = re.compile(r"\\(?:left|right|displaystyle|,|!|;|:|\s|quad|qquad|%|\$)|\^\{?\\circ\}?|[$%°]|\\[()\[\]]")
_WORDS = re.compile(r"\\(?:text|mathrm|mbox|textbf|operatorname)\{[^{}]*\}")
_SIGNS = {
    r"\cdot": "*", r"\times": "*", r"\div": "/", r"\pi": "pi", r"\infty": "oo", r"\ln": "ln", r"\log": "log",
    r"\sin": "sin", r"\cos": "cos", r"\tan": "tan", r"\exp": "exp", "×": "*", "÷": "/", "−": "-", "–": "-", "·": "*",
    r"\{": "{", r"\}": "}", "²": "^2", "³": "^3", "√": "sqrt",
}  # fmt: skip


def as_python(text: str) -> str:
    """An expression with Python's operators."""
    plain = _WORDS.sub(" ", text.replace("{,}", ","))
    plain = _DROPPED.sub("", plain)
    for sign, meant in _SIGNS.items():
        plain = plain.replace(sign, f" {meant} " if meant.isalpha() else meant)
    plain = re.sub(r"(?<![\d.])(\d{1,3}(?:,\d{3})+)(?![\d,])", lambda found: found[1].replace(",", ""), plain)
    plain = _without_frames(plain)
    plain = re.sub(r"\^\s*", "**", plain)
    plain = re.sub(r"(\d)\s*!", r"factorial(\1)", plain) if re.search(r"\b\d!", plain) else plain
    plain = re.sub(r"(?<![\w.])(\d+)\s*\(\((\d+)\)/\((\d+)\)\)", r"(\1+\2/\3)", plain)  # 1\frac{1}{2}
    plain = re.sub(r"(?<![\w./])(\d+) (\d+)/(\d+)", r"(\1+\2/\3)", plain)
    plain = re.sub(r"\bsqrt\s*(\d+|[a-z]\b)", r"sqrt(\1)", plain)
    plain = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)\s*(?=[a-zA-Zπ(])(?!e[-+]?\d)", r"\1*", plain)
    plain = re.sub(r"\)\s*(?=[\w(])", ")*", plain)
    return re.sub(r"(?<![\w.])0+(?=\d)", "", plain.strip()).strip()


def _without_frames(plain: str) -> str:
    r"""A text without `\frac{a}{b}`, `\sqrt[n]{x}` and braces around exponents; the innermost first."""
    for _ in range(40):
        before = plain
        plain = re.sub(r"\\[dt]?frac\s*(\d)\s*(\d)", r"((\1)/(\2))", plain)
        plain = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))", plain)
        plain = re.sub(r"\\sqrt\s*\[(\d+)\]\s*\{([^{}]*)\}", r"((\2)**(1/\1))", plain)
        plain = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)", plain)
        plain = re.sub(r"\\sqrt\s*(\d)", r"sqrt(\1)", plain)
        plain = re.sub(r"\^\s*\{([^{}]*)\}", r"**(\1)", plain)
        if plain == before:
            break
    return plain
