"""Compiles a checked program: annotations are dropped, and guards put in where time or memory could be used up."""

import ast
import warnings
from types import CodeType

from toolworld.environments.behaviour import guards
from toolworld.environments.behaviour.program_check import check_source
from toolworld.environments.spec.environment import BEHAVIOUR_FILE
from toolworld.ground import SpecError

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: guards.ADD,
    ast.Sub: guards.SUBTRACT,
    ast.Mult: guards.MULTIPLY,
    ast.Mod: guards.MODULO,
    ast.BitOr: guards.UNITE,
}
_IN_PLACE = {**_OPERATORS, ast.Add: guards.ADD_IN_PLACE}
MAX_ERRORS = 20
"""How many errors of a program a message lists."""


def compile_program(source: str) -> CodeType:
    """Compile a program.

    Raises:
        SpecError: it is not in the language; the message has each place, and what to write there instead.
    """
    tree, errors = check_source(source)
    if errors or tree is None:
        more = [f"and {len(errors) - MAX_ERRORS} more"] if len(errors) > MAX_ERRORS else []
        raise SpecError("\n".join([*map(str, errors[:MAX_ERRORS]), *more]))
    guarded = ast.fix_missing_locations(_GuardInserter().visit(tree))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of what fails when it runs, and is said then
        return compile(guarded, BEHAVIOUR_FILE, "exec", dont_inherit=True)


class _GuardInserter(ast.NodeTransformer):
    """Replaces operators, loops and methods by calls of guards, and drops annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for parameter in (*node.args.args, *node.args.kwonlyargs):
            parameter.annotation = None
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_call(guards.ENTER, node.body[0])))
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        assert node.value is not None
        return ast.copy_location(ast.Assign([self.visit(node.target)], self.visit(node.value)), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        guard = _OPERATORS.get(type(node.op))
        if guard is None or (
            guard in (guards.ADD, guards.SUBTRACT) and (_is_number(node.left) or _is_number(node.right))
        ):
            return node  # a number that is written out makes nothing long
        return _call(guard, node, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        guard = _IN_PLACE.get(type(node.op))
        if guard is None:
            return node
        if isinstance(node.target, ast.Name):
            value = _call(guard, node, ast.Name(node.target.id, ast.Load()), node.value)
            return ast.copy_location(ast.Assign([node.target], value), node)
        assert isinstance(node.target, ast.Subscript)
        return _in_place(node, node.target, guard)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call(guards.EACH, node.iter, node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call(guards.EACH, node.iter, node.iter)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.ListComp(node.elt, node.generators), node)

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Starred(_call(guards.EACH, node.value, node.value), node.ctx), node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        spread = zip(node.keys, node.values, strict=True)
        node.values = [value if key else _call(guards.EACH, value, value) for key, value in spread]
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)  # the format is a text that is written out
        return _call(guards.TEXT, node, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
            for kind in kinds:
                assert isinstance(kind, ast.Name)
                kind.id = guards.type_name(kind.id)
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        if node.func.attr in guards.GUARDED_METHODS:
            guarded = _call(guards.method_guard(node.func.attr), node, node.func.value, *node.args)
            guarded.keywords = node.keywords
            return guarded
        return _call(guards.LISTED, node, node) if node.func.attr in guards.VIEWS else node


def _in_place(node: ast.AugAssign, target: ast.Subscript, guard: str) -> list[ast.stmt]:
    """`a[b] += c` with a guard: `a` and `b` are looked at once, and `a[b]` is read before `c`, as Python does it."""
    values, place = "guard values", "guard place"

    def element(context: ast.expr_context) -> ast.Subscript:
        return ast.Subscript(ast.Name(values, ast.Load()), ast.Name(place, ast.Load()), context)

    statements: list[ast.stmt] = [
        ast.Assign([ast.Name(values, ast.Store())], target.value),
        ast.Assign([ast.Name(place, ast.Store())], target.slice),
        ast.Assign([element(ast.Store())], _call(guard, node, element(ast.Load()), node.value)),
    ]
    return [ast.copy_location(statement, node) for statement in statements]


def _call(guard: str, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(ast.Name(guard, ast.Load()), list(arguments), []), place)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
