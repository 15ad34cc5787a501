"""The check of a program: every place where it is not in the language, with what to write instead."""

import ast
import difflib
import math
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

from toolworld.environments.behaviour.language import (
    BUILTIN_FUNCTIONS,
    FORMAT,
    HOST_FUNCTIONS,
    INSTEAD,
    INSTEAD_OF_METHODS,
    INSTEAD_OF_NAMES,
    MAX_LITERAL_BITS,
    MAX_NESTING,
    MAX_PLACEHOLDERS,
    MAX_SOURCE_BYTES,
    METHODS,
    NODES,
    TYPE_NAMES,
    ProgramError,
)

_GIVEN = frozenset({*HOST_FUNCTIONS, *BUILTIN_FUNCTIONS})
_TAKES_KEY = frozenset({"sorted", "min", "max"})
_PLAIN_CONVERSIONS = frozenset({-1, ord("s"), ord("r")})


class CheckedProgram(NamedTuple):
    """A program's syntax tree, if there is one, and where the program is not in the language."""

    tree: ast.Module | None
    errors: list[ProgramError]


def check_source(source: str) -> CheckedProgram:
    """Parse a program, and find every place where it is not in the language."""
    if len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        return CheckedProgram(None, [ProgramError(1, 1, f"a program is at most {MAX_SOURCE_BYTES:,} bytes long")])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of what is refused below, or fails when it runs
            tree = _parsed(source)
    except SyntaxError as problem:
        return CheckedProgram(None, [ProgramError(problem.lineno or 1, problem.offset or 1, problem.msg)])
    except (ValueError, RecursionError, MemoryError) as problem:
        return CheckedProgram(None, [ProgramError(1, 1, f"this is not Python: {problem or 'nested too deep'}")])
    deep = _too_deep(tree)
    if deep is not None:
        return CheckedProgram(tree, [deep])
    checker = _Checker(tree)
    checker.visit(tree)
    return CheckedProgram(tree, sorted(set(checker.errors)))


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SystemError:
        # Python before 3.11.9 loses count if a tree is made while it makes one, as it does for a traceback that is
        # logged when garbage happens to be collected
        return ast.parse(source)


def functions_of(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions of a program by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` for the known word that looks most alike, if one does."""
    found = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean `{found[0]}`?" if found else ""


def _too_deep(tree: ast.Module) -> ProgramError | None:
    # level by level: the tree may be deeper than this interpreter's stack
    level: list[ast.AST] = [tree]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return None
    place = next((node for node in level if hasattr(node, "lineno")), None)
    line = getattr(place, "lineno", 1)
    return ProgramError(line, 1, f"this is nested more than {MAX_NESTING} levels deep: name its parts")


_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef)


def _assigned_names(statements: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements assign, without those that live only inside of an expression or an annotation."""
    for node in statements:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.AnnAssign):
            yield from _assigned_names([node.target, *([node.value] if node.value else [])])
        elif not isinstance(node, _OWN_SCOPE):
            yield from _assigned_names(ast.iter_child_nodes(node))


def _parameters(arguments: ast.arguments) -> set[str]:
    return {parameter.arg for parameter in (*arguments.args, *arguments.kwonlyargs)}


class _Checker(ast.NodeVisitor):
    """Goes through a program, and collects its errors. What a method does not visit it has refused as a whole."""

    def __init__(self, tree: ast.Module) -> None:
        self.errors: list[ProgramError] = []
        self._functions = functions_of(tree)
        self._constants = set(_assigned_names(tree.body))
        self._local: frozenset[str] = frozenset()
        self._parameters: set[str] = set()
        self._in_function = False

    def refuse(self, node: ast.AST, message: str) -> None:
        """Note an error at a node."""
        self.errors.append(ProgramError(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, message))

    def visit(self, node: ast.AST) -> None:
        """Visit a node of the language; refuse one that is not in it."""
        if type(node) in NODES:
            super().visit(node)
            return
        kind = type(node).__name__
        self.refuse(node, INSTEAD.get(type(node), f"`{kind}` is not in the language"))

    def visit_Module(self, node: ast.Module) -> None:
        """Only functions, constants and the docstring stand at the top level."""
        for statement in node.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                self.visit(statement)
                if statement.value is not None and not _is_literal(statement.value):
                    self.refuse(statement, "a constant is written out: texts, numbers, and lists and dicts of them")
            elif isinstance(statement, ast.FunctionDef) or type(statement) not in NODES:
                self.visit(statement)
            elif not (isinstance(statement, ast.Expr) and _is_text(statement.value)):
                self.refuse(statement, "only functions and constants stand outside of functions")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function has a name of its own, plain parameters, and no function in it."""
        if self._in_function:
            self.refuse(node, "a function inside of a function is not in the language: write it at the top level")
            return
        self._require_name(node, node.name)
        if node.name in _GIVEN:
            self.refuse(node, f"`{node.name}` is a function of the language; name yours otherwise")
        if node is not self._functions[node.name]:
            self.refuse(node, f"there are two functions named `{node.name}`")
        for decorator in node.decorator_list:
            self.refuse(decorator, "a decorator is not in the language")
        # a tool may have a parameter `zip` or `set`: in its function that name is a variable
        self._in_function, self._parameters = True, _parameters(node.args)
        self._check_parameters(node.args)
        self._local = frozenset({*self._parameters, *_assigned_names(node.body)})
        for statement in node.body:
            self.visit(statement)
        self._in_function, self._local, self._parameters = False, frozenset(), set()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A lambda stands only as a `key=`, from where it is visited by itself."""
        self.refuse(node, "a lambda stands only as a `key=` of sorted, min, max and sort")

    def visit_Name(self, node: ast.Name) -> None:
        """A name that is read is known and is no function; one that is assigned is nobody else's."""
        self._require_name(node, node.id)
        if isinstance(node.ctx, ast.Store):
            if (node.id in _GIVEN or node.id in self._functions) and node.id not in self._parameters:
                self.refuse(node, f"`{node.id}` is a function; name the variable otherwise")
        elif node.id in self._local or node.id in self._constants:
            return
        elif node.id in _GIVEN or node.id in self._functions:
            self.refuse(node, f"`{node.id}` is a function: it is called, or given as a `key=`, and nothing else")
        else:
            self.refuse(node, self._unknown(node.id))

    def visit_Call(self, node: ast.Call) -> None:
        """What is called is a function by its name, or a method that is in the language."""
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            self._check_type_test(node)
            return
        takes_key = self._check_called(node)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse(keyword.value, "`**` in a call is not in the language: write the arguments out")
                continue
            self._require_name(keyword.value, keyword.arg)
            if keyword.arg == "key" and takes_key:
                self._check_key(keyword.value)
            else:
                self.visit(keyword.value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """An attribute that is called is seen by `visit_Call`; any other is refused."""
        self.refuse(
            node, f"`.{node.attr}` is only for the call of a method; a field is read as `record[{node.attr!r}]`"
        )

    def visit_Starred(self, node: ast.Starred) -> None:
        """`*` stands in lists and tuples that are made, and in calls."""
        if isinstance(node.ctx, ast.Store):
            self.refuse(node, "`*` on the left of `=` is not in the language: take a slice")
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """An element or a field can be assigned; a slice cannot."""
        if isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Slice):
            self.refuse(node, "a slice is not assigned to: build the list anew")
            return
        self.visit(node.value)
        self.visit(node.slice)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """An operator of the language between two values."""
        self._check_operator(node, node.op)
        if isinstance(node.op, ast.Mod) and (_is_text(node.left) or isinstance(node.left, ast.JoinedStr)):
            self.refuse(node, "`%` does not format a text here: write an f-string")
        self.visit(node.left)
        self.visit(node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """An operator of the language before a value."""
        self._check_operator(node, node.op)
        self.visit(node.operand)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """An operator of the language with `=`."""
        self._check_operator(node, node.op)
        self.visit(node.target)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """An annotation is dropped, so it may be anything; a variable has a value."""
        if node.value is None:
            self.refuse(node, "a variable without a value is not in the language")
            return
        self.visit(node.target)
        self.visit(node.value)

    def visit_For(self, node: ast.For) -> None:
        """A loop over values."""
        if node.orelse:
            self.refuse(node.orelse[0], "`else` of a loop is not in the language")
        self.visit(node.target)
        self.visit(node.iter)
        for statement in node.body:
            self.visit(statement)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """A list that is made by a loop."""
        self._check_comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """A loop in an expression; it is a list."""
        self._check_comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """A dict that is made by a loop."""
        self._check_comprehension(node.generators, [node.key, node.value])

    def visit_Compare(self, node: ast.Compare) -> None:
        """Comparisons; `is` would tell whether two values are one object, which says nothing about them."""
        operands = [node.left, *node.comparators]
        for number, operator in enumerate(node.ops):
            if type(operator) not in NODES:
                self.refuse(node, "this comparison is not in the language")
            pair = operands[number : number + 2]
            if isinstance(operator, ast.Is | ast.IsNot) and not any(map(_is_single, pair)):
                self.refuse(node, "`is` compares with None, True or False only: write `==`")
        for operand in operands:
            self.visit(operand)

    def visit_Assign(self, node: ast.Assign) -> None:
        """An assignment; at the top level, of a constant to a name."""
        for target in node.targets:
            if not self._in_function and not isinstance(target, ast.Name):
                self.refuse(target, "a constant has a name of its own")
            else:
                self.visit(target)
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Texts, numbers, booleans and None, as JSON has them."""
        value = cast(object, node.value)
        if isinstance(value, str):
            if any("\ud800" <= character <= "\udfff" for character in value):
                self.refuse(node, "this text holds half of a character, which JSON cannot")
        elif isinstance(value, bool) or value is None:
            return
        elif isinstance(value, int):
            if value.bit_length() > MAX_LITERAL_BITS:
                self.refuse(node, f"an integer has at most {MAX_LITERAL_BITS} bits")
        elif isinstance(value, float):
            if not math.isfinite(value):
                self.refuse(node, "this number is too large")
        else:
            self.refuse(node, f"a {type(value).__name__} is not in the language: only texts, numbers, booleans, None")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """An f-string with plain formats."""
        if len(node.values) > MAX_PLACEHOLDERS:
            self.refuse(node, f"an f-string has at most {MAX_PLACEHOLDERS} parts")
        for part in node.values:
            self.visit(part)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        """A placeholder with a format such as `.2f` or `>10`."""
        self.visit(node.value)
        if node.conversion not in _PLAIN_CONVERSIONS:
            self.refuse(node, "`!a` is not in the language")
        if node.format_spec is not None and not _is_plain_format(node.format_spec):
            self.refuse(node, "a format is written out and plain, such as `.2f`, `,`, `03d` or `>10`")

    def _check_operator(self, node: ast.AST, operator: ast.operator | ast.unaryop) -> None:
        if type(operator) not in NODES:
            self.refuse(node, INSTEAD.get(type(operator), "this operator is not in the language"))

    def _check_parameters(self, arguments: ast.arguments) -> None:
        if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
            place = arguments.vararg or arguments.kwarg or arguments.posonlyargs[0]
            self.refuse(place, "`*`, `**` and `/` among parameters are not in the language: name each")
        for parameter in (*arguments.args, *arguments.kwonlyargs):
            self._require_name(parameter, parameter.arg)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is None:
                continue
            self.visit(default)
            inner = default.operand if isinstance(default, ast.UnaryOp) else default
            if not isinstance(inner, ast.Constant):
                self.refuse(default, "a default is a plain value: None, a text, a number or a boolean")

    def _check_comprehension(self, loops: list[ast.comprehension], made: list[ast.expr]) -> None:
        names = {name for loop in loops for name in _assigned_names([loop.target])}
        for loop in loops[:1]:  # what the first loop goes through is outside of it
            self.visit(loop.iter)
        with self._scope(names):
            for number, loop in enumerate(loops):
                if loop.is_async:
                    self.refuse(loop.iter, "`async` is not in the language: host functions answer at once")
                self.visit(loop.target)
                if number:
                    self.visit(loop.iter)
                for condition in loop.ifs:
                    self.visit(condition)
            for part in made:
                self.visit(part)

    @contextmanager
    def _scope(self, names: set[str]) -> Generator[None]:
        """Inside, these names are variables as well."""
        before = self._local
        self._local = before | names
        try:
            yield
        finally:
            self._local = before

    def _check_called(self, node: ast.Call) -> bool:
        """Check what is called; the result says whether it takes a `key=`."""
        called = node.func
        if isinstance(called, ast.Attribute):
            if called.attr not in METHODS:
                instead = INSTEAD_OF_METHODS.get(called.attr)
                hint = f": {instead}" if instead else nearest(called.attr, METHODS)
                self.refuse(called, f"there is no method `{called.attr}` in the language{hint}")
            self.visit(called.value)
            return called.attr == "sort"
        if not isinstance(called, ast.Name):
            self.refuse(called, "only functions and methods are called, by their names")
            return False
        self._require_name(called, called.id)
        if called.id in self._local or called.id in self._constants:
            self.refuse(called, f"`{called.id}` is a variable, and only functions are called")
        elif called.id not in _GIVEN and called.id not in self._functions:
            self.refuse(called, self._unknown(called.id))
        return called.id in _TAKES_KEY

    def _check_key(self, node: ast.expr) -> None:
        if isinstance(node, ast.Lambda):
            self._check_parameters(node.args)
            with self._scope(_parameters(node.args)):
                self.visit(node.body)
        elif isinstance(node, ast.Name) and (node.id in self._functions or node.id in _GIVEN):
            self._require_name(node, node.id)
        elif not (isinstance(node, ast.Constant) and node.value is None):
            self.refuse(node, "a `key=` is a function or a lambda")

    def _check_type_test(self, node: ast.Call) -> None:
        if len(node.args) != 2 or node.keywords:
            self.refuse(node, "isinstance takes a value and a type")
            return
        self.visit(node.args[0])
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if not all(isinstance(kind, ast.Name) and kind.id in TYPE_NAMES for kind in kinds):
            self.refuse(node.args[1], f"a type is one of {', '.join(sorted(TYPE_NAMES))}, or several in parentheses")

    def _require_name(self, node: ast.AST, name: str) -> None:
        if not name.isascii():
            self.refuse(node, f"the name {name!r} has letters that are not ASCII")
        elif name.startswith("__"):
            self.refuse(node, f"the name {name!r} begins with two underscores")

    def _unknown(self, name: str) -> str:
        if name in INSTEAD_OF_NAMES:
            return f"there is no `{name}` in the language: {INSTEAD_OF_NAMES[name]}"
        known = {*self._local, *self._constants, *self._functions, *_GIVEN}
        return f"there is no `{name}` in the language{nearest(name, sorted(known))}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_single(node: ast.expr) -> bool:
    """Whether a value is one that there is only one of."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _is_plain_format(node: ast.expr) -> bool:
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    if len(parts) != 1 or not isinstance(parts[0], ast.Constant):
        return False
    return FORMAT.fullmatch(str(parts[0].value)) is not None


def _is_literal(node: ast.expr | None) -> bool:
    """Whether an expression is written out, so that loading it takes no more time and memory than reading it."""
    match node:
        case ast.Constant():
            return True
        case ast.List() | ast.Tuple():
            return all(map(_is_literal, node.elts))
        case ast.Dict():
            return all(map(_is_literal, [*node.keys, *node.values]))
        case ast.UnaryOp():
            return _is_number(node.operand)
        case ast.BinOp():
            return _is_number(node.left) and _is_number(node.right)
        case _:
            return False


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
