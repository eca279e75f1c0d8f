"""Turn `ast` into the intermediate form."""

from __future__ import annotations

import ast
import marshal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contractlint.index.expressions import OPERATORS, ExpressionBuilder
from contractlint.index.imports import absolute, imported_modules
from contractlint.index.ir import Expr, ParamIR, Stmt

Field = tuple[str, Expr | None, Expr | None, int]


class FunctionParts(NamedTuple):
    """What is known of a function when it has been parsed. `code` is its body, as `marshal` writes it."""

    params: tuple[ParamIR, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None
    code: bytes


class ClassParts(NamedTuple):
    """What is known of a class when it has been parsed."""

    bases: tuple[Expr, ...]
    decorators: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    methods: dict[str, int]
    fields: tuple[Field, ...]


class StatementBuilder(ExpressionBuilder):
    """Builds statements of one text.

    `package` resolves relative imports (the dotted name of the folder). `shift` is added to every line. `numbers` gives the
    number of the function or class that is defined on a line, None where none is known. Where `marks` has the line of a
    `pass`, that stands for a definition that was cut out. `defined` collects the definitions that were met.
    """

    def __init__(
        self,
        package: str,
        shift: int,
        numbers: Callable[[int], int | None],
        marks: Mapping[int, Stmt] | None = None,
    ) -> None:
        super().__init__(shift)
        self.package = package
        self.numbers = numbers
        self.marks = marks or {}
        self.defined: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = []

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> FunctionParts:
        """A function with its body."""
        return FunctionParts(*self.header(node), marshal.dumps(self.block(node.body)))

    def header(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> tuple[tuple[ParamIR, ...], tuple[Expr, ...], Expr | None]:
        """Parameters, decorators and the annotation of the result."""
        return self.params(node.args), self.many(node.decorator_list), self.annotation(node.returns)

    def class_(self, node: ast.ClassDef, name_of: Callable[[int], str]) -> ClassParts:
        """A class with its body. `name_of` names the function of a number."""
        body = self.block(node.body)
        methods = {name_of(s[2]): s[2] for s in _flat(body) if s[0] == "def"}
        fields = tuple((s[2][2], s[3], s[4], s[1]) for s in body if s[0] == "ann" and s[2][0] == "name")
        return ClassParts(self.many(node.bases), self.many(node.decorator_list), body, methods, fields)

    def block(self, body: Sequence[ast.stmt]) -> tuple[Stmt, ...]:
        """The statements of a block, without those that have no meaning here."""
        out: list[Stmt] = []
        for node in body:
            handler = _STATEMENTS.get(type(node))
            built = handler(self, node) if handler is not None else None
            if built is not None:
                out.append(built)
        return tuple(out)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Stmt | None:
        line = node.lineno + self.shift
        number = self.numbers(line)
        if number is None:
            return None
        self.defined.append(node)
        return ("class" if isinstance(node, ast.ClassDef) else "def", line, number)

    def _return(self, node: ast.Return) -> Stmt:
        return ("return", node.lineno + self.shift, self.optional(node.value))

    def _assign(self, node: ast.Assign) -> Stmt:
        return ("assign", node.lineno + self.shift, self.many(node.targets), self.expr(node.value))

    def _annotated(self, node: ast.AnnAssign) -> Stmt:
        target, note = self.expr(node.target), self.annotation(node.annotation)
        return ("ann", node.lineno + self.shift, target, note, self.optional(node.value))

    def _augmented(self, node: ast.AugAssign) -> Stmt:
        target, value = self.expr(node.target), self.expr(node.value)
        return ("aug", node.lineno + self.shift, target, OPERATORS[type(node.op)], value)

    def _expr(self, node: ast.Expr) -> Stmt:
        return ("expr", node.lineno + self.shift, self.expr(node.value))

    def _if(self, node: ast.If) -> Stmt:
        then, other = self.block(node.body), self.block(node.orelse)
        return ("if", node.lineno + self.shift, self.expr(node.test), then, other)

    def _while(self, node: ast.While) -> Stmt:
        then, other = self.block(node.body), self.block(node.orelse)
        return ("while", node.lineno + self.shift, self.expr(node.test), then, other)

    def _for(self, node: ast.For | ast.AsyncFor) -> Stmt:
        then, other = self.block(node.body), self.block(node.orelse)
        return ("for", node.lineno + self.shift, self.expr(node.target), self.expr(node.iter), then, other)

    def _with(self, node: ast.With | ast.AsyncWith) -> Stmt:
        items = tuple((self.expr(i.context_expr), self.optional(i.optional_vars)) for i in node.items)
        return ("with", node.lineno + self.shift, items, self.block(node.body))

    def _try(self, node: ast.Try) -> Stmt:
        handlers = tuple((self.optional(h.type), h.name, self.block(h.body)) for h in node.handlers)
        body, orelse = self.block(node.body), self.block(node.orelse)
        return ("try", node.lineno + self.shift, body, handlers, orelse, self.block(node.finalbody))

    def _raise(self, node: ast.Raise) -> Stmt:
        return ("raise", node.lineno + self.shift, self.optional(node.exc))

    def _assert(self, node: ast.Assert) -> Stmt:
        return ("assert", node.lineno + self.shift, self.expr(node.test))

    def _delete(self, node: ast.Delete) -> Stmt:
        return ("del", node.lineno + self.shift, self.many(node.targets))

    def _import(self, node: ast.Import) -> Stmt:
        return ("import", node.lineno + self.shift, imported_modules(node))

    def _import_from(self, node: ast.ImportFrom) -> Stmt:
        module = sys.intern(absolute(node.module, node.level, self.package))
        if node.names[0].name == "*":
            return ("star", node.lineno + self.shift, module)
        return ("import", node.lineno + self.shift, tuple((a.asname or a.name, module, a.name) for a in node.names))

    def _global(self, node: ast.Global | ast.Nonlocal) -> Stmt:
        return ("global", node.lineno + self.shift, tuple(node.names))

    def _break(self, node: ast.Break) -> Stmt:
        return ("break", node.lineno + self.shift)

    def _continue(self, node: ast.Continue) -> Stmt:
        return ("continue", node.lineno + self.shift)

    def _pass(self, node: ast.Pass) -> Stmt:
        line = node.lineno + self.shift
        return self.marks.get(line, ("pass", line))

    def _match(self, node: ast.Match) -> Stmt:
        cases = []
        for case in node.cases:
            names = tuple(
                n.name for n in ast.walk(case.pattern) if isinstance(n, ast.MatchAs | ast.MatchStar) and n.name
            )
            cases.append((ast.unparse(case.pattern), self.optional(case.guard), self.block(case.body), names))
        return ("match", node.lineno + self.shift, self.expr(node.subject), tuple(cases))


def _flat(body: Iterable[Stmt]) -> Iterable[Stmt]:
    """The statements of a class body, those under `if` and `try` included: methods are often defined under a guard."""
    for stmt in body:
        yield stmt
        if stmt[0] == "if":
            yield from _flat((*stmt[3], *stmt[4]))
        elif stmt[0] == "try":
            yield from _flat((*stmt[2], *stmt[4]))


_STATEMENTS: dict[type[ast.stmt], Any] = {
    ast.FunctionDef: StatementBuilder._definition,
    ast.AsyncFunctionDef: StatementBuilder._definition,
    ast.ClassDef: StatementBuilder._definition,
    ast.Return: StatementBuilder._return,
    ast.Assign: StatementBuilder._assign,
    ast.AnnAssign: StatementBuilder._annotated,
    ast.AugAssign: StatementBuilder._augmented,
    ast.Expr: StatementBuilder._expr,
    ast.If: StatementBuilder._if,
    ast.While: StatementBuilder._while,
    ast.For: StatementBuilder._for,
    ast.AsyncFor: StatementBuilder._for,
    ast.With: StatementBuilder._with,
    ast.AsyncWith: StatementBuilder._with,
    ast.Try: StatementBuilder._try,
    ast.Raise: StatementBuilder._raise,
    ast.Assert: StatementBuilder._assert,
    ast.Delete: StatementBuilder._delete,
    ast.Import: StatementBuilder._import,
    ast.ImportFrom: StatementBuilder._import_from,
    ast.Global: StatementBuilder._global,
    ast.Nonlocal: StatementBuilder._global,
    ast.Break: StatementBuilder._break,
    ast.Continue: StatementBuilder._continue,
    ast.Pass: StatementBuilder._pass,
    ast.Match: StatementBuilder._match,
}
if hasattr(ast, "TryStar"):  # from Python 3.11 on
    _STATEMENTS[ast.TryStar] = StatementBuilder._try
