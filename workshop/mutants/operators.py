"""Operators: the small changes that can be made anywhere in the codec's sources, whatever they say.

Rules: an operator replaces one expression or one statement of a function, or a number of the
module; the rest of the text stays as it is. What only persons read is not changed: docstrings,
types, the reasons of errors. A name of the declaration becomes another name of its kind. Where two
operators make the same change, one of them makes it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from gdproto.declaration import ERROR_SCOPES

# A comparison at its bounds, and turned round.
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.LShift: ast.RShift,
}
PHASES = sorted({phase for scopes in ERROR_SCOPES.values() for phase in scopes})
# Names of one kind: each becomes the next.
FAMILIES = (list(ERROR_SCOPES), PHASES, ["opener", "answerer"], ["deliver", "discard"])
NEXT_NAME = {
    name: family[(at + 1) % len(family)] for family in FAMILIES for at, name in enumerate(family)
}

Node = ast.expr | ast.stmt
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Place:
    """Where a change is made.

    Attributes:
        function: its name, with that of its class before it; empty for the module.
        is_called: whether it is a function, and no class.
        is_pair: whether two statements change places there.
        start, stop: the text that is replaced, as offsets into the source.
        statement: the text of the statement around it.
    """

    function: str
    is_called: bool
    start: int
    stop: int
    statement: str
    is_pair: bool = False


@dataclass(frozen=True)
class Change:
    """One change: at a place the text `old` becomes `new`."""

    place: Place
    old: str
    new: str


def changes(source: str) -> Iterator[Change]:
    """Every change that an operator makes in the source, in its order."""
    seen: set[tuple[int, int, str]] = set()
    text = _Text(source)
    module = ast.parse(source)
    functions = set(_functions(module.body, ""))
    first = {id(one.slice) for one in ast.walk(module) if isinstance(one, ast.Subscript)}
    unparsed = cache(ast.unparse)
    for node, function, statement in _nodes(module):
        for new in _replacements(node, function, statement):
            if id(node) in first and new == "-1":
                # From the other end: most often the only item, and seldom what one gets wrong.
                continue
            start, stop = text.span(node)
            key = (start, stop, new)
            if key not in seen and new != unparsed(node):
                seen.add(key)
                place = Place(function, function in functions, start, stop, unparsed(statement))
                yield Change(place, source[start:stop], new)
    for one, other, function in _neighbours(module.body, ""):
        (start, middle), (after, stop) = text.span(one), text.span(other)
        place = Place(
            function, function in functions, start, stop, ast.unparse(other), is_pair=True
        )
        new = source[after:stop] + source[middle:after] + source[start:middle]
        yield Change(place, source[start:stop], new)


def _functions(body: list[ast.stmt], outer: str) -> Iterator[str]:
    for one in body:
        if isinstance(one, Scope):
            name = f"{outer}.{one.name}" if outer else one.name
            if not isinstance(one, ast.ClassDef):
                yield name
            yield from _functions(one.body, name)


class _Text:
    """A source, whose nodes are found as offsets into it."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: Node) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def _offset(self, line: int, column_bytes: int) -> int:
        before = self._lines[line - 1].encode()[:column_bytes].decode()
        return self._starts[line - 1] + len(before)


# --- where ---


def _nodes(module: ast.Module) -> Iterator[tuple[Node, str, ast.stmt]]:
    """Every node that may be changed, its function, and the statement around it."""
    for statement in module.body:
        yield from _of_statement(statement, "")


def _of_statement(statement: ast.stmt, function: str) -> Iterator[tuple[Node, str, ast.stmt]]:
    if isinstance(statement, Scope):
        inner = f"{function}.{statement.name}" if function else statement.name
        if not isinstance(statement, ast.ClassDef):
            for default in (*statement.args.defaults, *filter(None, statement.args.kw_defaults)):
                yield from _of_expression(default, inner, statement)
        for one in statement.body:
            yield from _of_statement(one, inner)
        return
    if _is_for_persons(statement):
        return
    yield statement, function, statement
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield from _of_statement(child, function)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            for one in child.body:
                yield from _of_statement(one, function)
        elif isinstance(child, ast.expr) and child is not getattr(statement, "annotation", None):
            yield from _of_expression(child, function, statement)
        elif isinstance(child, ast.withitem):
            yield from _of_expression(child.context_expr, function, statement)


def _of_expression(
    node: ast.expr, function: str, statement: ast.stmt
) -> Iterator[tuple[Node, str, ast.stmt]]:
    if isinstance(node, ast.JoinedStr):
        return
    yield node, function, statement
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            yield from _of_expression(child.value, function, statement)
        elif isinstance(child, ast.comprehension):
            for inner in (child.iter, *child.ifs):
                yield from _of_expression(inner, function, statement)
        elif isinstance(child, ast.expr):
            yield from _of_expression(child, function, statement)


def _is_for_persons(statement: ast.stmt) -> bool:
    """Whether it changes nothing that is done: imports, docstrings, assertions, types."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Pass():
            return True
        case ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            return True
        case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__")]):
            return True
    return False


def _neighbours(body: list[ast.stmt], function: str) -> Iterator[tuple[ast.stmt, ast.stmt, str]]:
    """Two statements of a function that follow each other: two judgements, or a call and another."""
    for one in body:
        inner = function
        if isinstance(one, Scope):
            inner = f"{function}.{one.name}" if function else one.name
        for name in ("body", "orelse", "finalbody"):
            yield from _neighbours(getattr(one, name, []), inner)
    for one, other in pairwise(body if function else []):
        if all(isinstance(each, ast.If) for each in (one, other)) or (
            any(isinstance(each, ast.Expr) for each in (one, other))
            and not any(
                isinstance(each, _UNMOVED) or _is_for_persons(each) for each in (one, other)
            )
        ):
            yield one, other, function


_UNMOVED = (
    *(ast.If, ast.For, ast.While, ast.Try, ast.With, ast.AsyncFor, ast.AsyncWith, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Return, ast.Raise, ast.Continue, ast.Break),
)


# --- what ---


def _replacements(node: Node, function: str, statement: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.expr):
        yield from _of_expressions(node)
        if isinstance(statement, ast.For) and node is statement.iter and _is_ordered(statement):
            yield f"list({ast.unparse(node)})[::-1]"
    elif function:
        yield from _of_statements(node)


def _is_ordered(loop: ast.For) -> bool:
    """Whether the order of the items can matter."""
    return not (isinstance(loop.target, ast.Name) and loop.target.id == "_")


def _of_statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Return(value=value) if value is not None:
            if not (isinstance(value, ast.Constant) and value.value is None):
                yield "return None"
        case ast.AugAssign(op=op):
            yield "pass"
            if type(op) in ARITHMETIC:
                yield ast.unparse(_with(node, op=ARITHMETIC[type(op)]()))
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
            yield "pass"
        case ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Raise():
            yield "pass"
        case ast.If(orelse=[], body=[_, _, *_]):
            yield "pass"


def _of_expressions(node: ast.expr) -> Iterator[str]:
    for new in _changed(node):
        yield f"({ast.unparse(new)})" if _needs_brackets(new) else ast.unparse(new)


def _needs_brackets(node: ast.expr) -> bool:
    plain = ast.Constant | ast.Name | ast.Call | ast.Subscript | ast.Attribute | ast.Slice
    return not isinstance(node, plain)


def _changed(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    yield _with(node, ops=[*ops[:at], other(), *ops[at + 1 :]])
            yield from _of_subclasses(node)
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
            for at in range(len(values)):
                left = [*values[:at], *values[at + 1 :]]
                yield left[0] if len(left) == 1 else _with(node, values=left)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield _with(node, op=ARITHMETIC[type(op)]())
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=bytes() as value) if value:
            yield ast.Constant(value[:-1] + bytes([value[-1] ^ 1]))
        case ast.Constant(value=str() as value) if value in NEXT_NAME:
            yield ast.Constant(NEXT_NAME[value])
        case ast.Constant(value=str() as value) if value.startswith(">"):
            yield ast.Constant("<" + value[1:])
        case ast.Slice(lower=lower, upper=upper):
            if lower is not None:
                yield _with(node, lower=None)
            if upper is not None:
                yield _with(node, upper=None)
        case ast.Call(keywords=[_, *_] as keywords):
            for at, keyword in enumerate(keywords):
                if keyword.arg is not None:
                    yield _with(node, keywords=[*keywords[:at], *keywords[at + 1 :]])


def _of_subclasses(node: ast.Compare) -> Iterator[ast.expr]:
    """What asks for exactly an int takes a bool for one."""
    match node:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="type"), args=[one]),
            ops=[ast.Is() | ast.In() | ast.IsNot() | ast.NotIn() as op],
            comparators=[ast.Name(id="int") as kind],
        ):
            asked = ast.Call(ast.Name("isinstance"), [one, kind], [])
            is_not = isinstance(op, ast.IsNot | ast.NotIn)
            yield ast.UnaryOp(ast.Not(), asked) if is_not else asked


def _with(node: ast.AST, **new: object) -> ast.expr:
    changed = copy.copy(node)
    for name, value in new.items():
        setattr(changed, name, value)
    assert isinstance(changed, ast.expr | ast.stmt)
    return changed  # type: ignore[return-value]
