"""Turn a file's `ast` into the intermediate form."""

from __future__ import annotations

import ast
import marshal
import warnings
from collections.abc import Iterable, Sequence

from contractlint.index.ir import ClassIR, Expr, FunctionIR, ModuleIR, ParamIR, Stmt
from contractlint.index.tables import name_tables

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&",
    ast.Not: "not", ast.Invert: "~", ast.UAdd: "+", ast.USub: "-",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip


def build_module(source: bytes, package: str) -> ModuleIR:
    """Parse one file. `package` resolves relative imports (the dotted name of the folder).

    Raises SyntaxError or ValueError for text that is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    return _Builder(package).module(tree)


class _Builder:
    def __init__(self, package: str) -> None:
        self.package = package
        self.functions: list[FunctionIR | None] = []
        self.bodies: dict[int, tuple[Stmt, ...]] = {}
        self.classes: list[ClassIR | None] = []

    def module(self, tree: ast.Module) -> ModuleIR:
        self.functions.append(None)
        body = self.block(tree.body, "", -1, -1)
        end = max((getattr(s, "end_lineno", 1) or 1 for s in tree.body), default=1)
        self.functions[0] = FunctionIR("<module>", "<module>", 1, end, (), (), None, marshal.dumps(body), -1, -1)
        self.bodies[0] = body
        functions = tuple(f for f in self.functions if f is not None)
        classes = tuple(c for c in self.classes if c is not None)
        return ModuleIR(functions, classes, *name_tables(functions, classes, self.bodies))

    # statements

    def block(self, body: Sequence[ast.stmt], prefix: str, owner: int, parent: int) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for node in body:
            method = getattr(self, "stmt_" + type(node).__name__, None)
            if method is not None:
                out.append(method(node, prefix, owner, parent))
        return tuple(out)

    def stmt_FunctionDef(self, node: ast.FunctionDef, prefix: str, owner: int, parent: int) -> Stmt:
        return self._function(node, prefix, owner, parent)

    def stmt_AsyncFunctionDef(self, node: ast.AsyncFunctionDef, prefix: str, owner: int, parent: int) -> Stmt:
        return self._function(node, prefix, owner, parent)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, owner: int, parent: int) -> Stmt:
        index = len(self.functions)
        self.functions.append(None)
        qualname = f"{prefix}{node.name}"
        body = self.block(node.body, f"{qualname}.", -1, index)
        self.functions[index] = FunctionIR(
            node.name, qualname, node.lineno, node.end_lineno or node.lineno, self.params(node.args),
            tuple(self.expr(d) for d in node.decorator_list), self.annotation(node.returns), marshal.dumps(body), owner, parent,
        )  # fmt: skip
        self.bodies[index] = body
        return ("def", node.lineno, index)

    def stmt_ClassDef(self, node: ast.ClassDef, prefix: str, owner: int, parent: int) -> Stmt:
        index = len(self.classes)
        self.classes.append(None)
        qualname = f"{prefix}{node.name}"
        body = self.block(node.body, f"{qualname}.", index, parent)
        methods = {self.functions[s[2]].name: s[2] for s in _flat(body) if s[0] == "def"}  # type: ignore[union-attr]
        fields = tuple((s[2][2], s[3], s[4], s[1]) for s in body if s[0] == "ann" and s[2][0] == "name")
        self.classes[index] = ClassIR(
            node.name, qualname, node.lineno, tuple(self.expr(b) for b in node.bases),
            tuple(self.expr(d) for d in node.decorator_list), body, methods, fields, parent,
        )  # fmt: skip
        return ("class", node.lineno, index)

    def stmt_Return(self, node: ast.Return, *_: object) -> Stmt:
        return ("return", node.lineno, self.optional(node.value))

    def stmt_Assign(self, node: ast.Assign, *_: object) -> Stmt:
        return ("assign", node.lineno, tuple(self.expr(t) for t in node.targets), self.expr(node.value))

    def stmt_AnnAssign(self, node: ast.AnnAssign, *_: object) -> Stmt:
        target, note = self.expr(node.target), self.annotation(node.annotation)
        return ("ann", node.lineno, target, note, self.optional(node.value))

    def stmt_AugAssign(self, node: ast.AugAssign, *_: object) -> Stmt:
        return ("aug", node.lineno, self.expr(node.target), _OPERATORS[type(node.op)], self.expr(node.value))

    def stmt_Expr(self, node: ast.Expr, *_: object) -> Stmt:
        return ("expr", node.lineno, self.expr(node.value))

    def stmt_If(self, node: ast.If, prefix: str, owner: int, parent: int) -> Stmt:
        then, other = self.block(node.body, prefix, owner, parent), self.block(node.orelse, prefix, owner, parent)
        return ("if", node.lineno, self.expr(node.test), then, other)

    def stmt_While(self, node: ast.While, prefix: str, owner: int, parent: int) -> Stmt:
        then, other = self.block(node.body, prefix, owner, parent), self.block(node.orelse, prefix, owner, parent)
        return ("while", node.lineno, self.expr(node.test), then, other)

    def stmt_For(self, node: ast.For | ast.AsyncFor, prefix: str, owner: int, parent: int) -> Stmt:
        then, other = self.block(node.body, prefix, owner, parent), self.block(node.orelse, prefix, owner, parent)
        return ("for", node.lineno, self.expr(node.target), self.expr(node.iter), then, other)

    stmt_AsyncFor = stmt_For

    def stmt_With(self, node: ast.With | ast.AsyncWith, prefix: str, owner: int, parent: int) -> Stmt:
        items = tuple((self.expr(i.context_expr), self.optional(i.optional_vars)) for i in node.items)
        return ("with", node.lineno, items, self.block(node.body, prefix, owner, parent))

    stmt_AsyncWith = stmt_With

    def stmt_Try(self, node: ast.Try, prefix: str, owner: int, parent: int) -> Stmt:
        handlers = tuple(
            (self.optional(h.type), h.name, self.block(h.body, prefix, owner, parent)) for h in node.handlers
        )
        body = self.block(node.body, prefix, owner, parent)
        orelse = self.block(node.orelse, prefix, owner, parent)
        return ("try", node.lineno, body, handlers, orelse, self.block(node.finalbody, prefix, owner, parent))

    stmt_TryStar = stmt_Try

    def stmt_Raise(self, node: ast.Raise, *_: object) -> Stmt:
        return ("raise", node.lineno, self.optional(node.exc))

    def stmt_Assert(self, node: ast.Assert, *_: object) -> Stmt:
        return ("assert", node.lineno, self.expr(node.test))

    def stmt_Delete(self, node: ast.Delete, *_: object) -> Stmt:
        return ("del", node.lineno, tuple(self.expr(t) for t in node.targets))

    def stmt_Import(self, node: ast.Import, *_: object) -> Stmt:
        names = tuple((a.asname or a.name.partition(".")[0], a.name if a.asname else a.name.partition(".")[0], None)
                      for a in node.names)  # fmt: skip
        return ("import", node.lineno, names)

    def stmt_ImportFrom(self, node: ast.ImportFrom, *_: object) -> Stmt:
        module = self.absolute(node.module, node.level)
        if node.names[0].name == "*":
            return ("star", node.lineno, module)
        return ("import", node.lineno, tuple((a.asname or a.name, module, a.name) for a in node.names))

    def absolute(self, module: str | None, level: int) -> str:
        if not level:
            return module or ""
        parts = self.package.split(".") if self.package else []
        parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
        return ".".join([*parts, *([module] if module else [])])

    def stmt_Global(self, node: ast.Global | ast.Nonlocal, *_: object) -> Stmt:
        return ("global", node.lineno, tuple(node.names))

    stmt_Nonlocal = stmt_Global

    def stmt_Break(self, node: ast.Break, *_: object) -> Stmt:
        return ("break", node.lineno)

    def stmt_Continue(self, node: ast.Continue, *_: object) -> Stmt:
        return ("continue", node.lineno)

    def stmt_Pass(self, node: ast.Pass, *_: object) -> Stmt:
        return ("pass", node.lineno)

    def stmt_Match(self, node: ast.Match, prefix: str, owner: int, parent: int) -> Stmt:
        cases = []
        for case in node.cases:
            names = tuple(
                n.name for n in ast.walk(case.pattern) if isinstance(n, ast.MatchAs | ast.MatchStar) and n.name
            )
            body = self.block(case.body, prefix, owner, parent)
            cases.append((ast.unparse(case.pattern), self.optional(case.guard), body, names))
        return ("match", node.lineno, self.expr(node.subject), tuple(cases))

    # parameters and annotations

    def params(self, args: ast.arguments) -> tuple[ParamIR, ...]:
        out: list[ParamIR] = []
        plain = [*args.posonlyargs, *args.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
        for i, (arg, default) in enumerate(zip(plain, defaults, strict=True)):
            kind = "posonly" if i < len(args.posonlyargs) else "pos"
            out.append(ParamIR(arg.arg, kind, self.annotation(arg.annotation), self.optional(default)))
        if args.vararg:
            out.append(ParamIR(args.vararg.arg, "vararg", self.annotation(args.vararg.annotation), None))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            out.append(ParamIR(arg.arg, "kwonly", self.annotation(arg.annotation), self.optional(default)))
        if args.kwarg:
            out.append(ParamIR(args.kwarg.arg, "kwarg", self.annotation(args.kwarg.annotation), None))
        return tuple(out)

    def annotation(self, node: ast.expr | None) -> Expr | None:
        """An annotation as an expression; text in quotes is parsed, since engines quote to avoid import cycles."""
        if node is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return ("const", node.lineno, node.value)
            for child in ast.walk(inner):
                if hasattr(child, "lineno"):
                    child.lineno = node.lineno
            return self.expr(inner)
        return self.expr(node)

    # expressions

    def optional(self, node: ast.expr | None) -> Expr | None:
        return None if node is None else self.expr(node)

    def many(self, nodes: Iterable[ast.expr]) -> tuple[Expr, ...]:
        return tuple(self.expr(n) for n in nodes)

    def expr(self, node: ast.expr) -> Expr:
        method = getattr(self, "expr_" + type(node).__name__, None)
        if method is None:
            return ("const", node.lineno, ...)
        result: Expr = method(node)
        return result

    def expr_Name(self, node: ast.Name) -> Expr:
        return ("name", node.lineno, node.id)

    def expr_Attribute(self, node: ast.Attribute) -> Expr:
        return ("attr", node.end_lineno, self.expr(node.value), node.attr)

    def expr_Call(self, node: ast.Call) -> Expr:
        keywords = tuple((k.arg, self.expr(k.value)) for k in node.keywords)
        return ("call", node.lineno, self.expr(node.func), self.many(node.args), keywords, node.col_offset + 1)

    def expr_Constant(self, node: ast.Constant) -> Expr:
        return ("const", node.lineno, node.value)

    def expr_Tuple(self, node: ast.Tuple) -> Expr:
        return ("tuple", node.lineno, self.many(node.elts))

    def expr_List(self, node: ast.List) -> Expr:
        return ("list", node.lineno, self.many(node.elts))

    def expr_Set(self, node: ast.Set) -> Expr:
        return ("set", node.lineno, self.many(node.elts))

    def expr_Dict(self, node: ast.Dict) -> Expr:
        items = tuple((self.optional(k), self.expr(v)) for k, v in zip(node.keys, node.values, strict=True))
        return ("dict", node.lineno, items)

    def expr_Subscript(self, node: ast.Subscript) -> Expr:
        return ("sub", node.lineno, self.expr(node.value), self.expr(node.slice))

    def expr_Slice(self, node: ast.Slice) -> Expr:
        return ("slice", node.lineno, self.optional(node.lower), self.optional(node.upper), self.optional(node.step))

    def expr_IfExp(self, node: ast.IfExp) -> Expr:
        return ("ifexp", node.lineno, self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def expr_BinOp(self, node: ast.BinOp) -> Expr:
        return ("bin", node.lineno, _OPERATORS[type(node.op)], self.expr(node.left), self.expr(node.right))

    def expr_UnaryOp(self, node: ast.UnaryOp) -> Expr:
        return ("un", node.lineno, _OPERATORS[type(node.op)], self.expr(node.operand))

    def expr_Compare(self, node: ast.Compare) -> Expr:
        pairs = tuple((_OPERATORS[type(o)], self.expr(c)) for o, c in zip(node.ops, node.comparators, strict=True))
        return ("cmp", node.lineno, self.expr(node.left), pairs)

    def expr_BoolOp(self, node: ast.BoolOp) -> Expr:
        return ("bool", node.lineno, _OPERATORS[type(node.op)], self.many(node.values))

    def expr_Lambda(self, node: ast.Lambda) -> Expr:
        return ("lambda", node.lineno, tuple(tuple(p) for p in self.params(node.args)), self.expr(node.body))

    def _comp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, kind: str) -> Expr:
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        generators = tuple((self.expr(g.target), self.expr(g.iter), self.many(g.ifs)) for g in node.generators)
        return ("comp", node.lineno, kind, self.many(elements), generators)

    def expr_ListComp(self, node: ast.ListComp) -> Expr:
        return self._comp(node, "list")

    def expr_SetComp(self, node: ast.SetComp) -> Expr:
        return self._comp(node, "set")

    def expr_GeneratorExp(self, node: ast.GeneratorExp) -> Expr:
        return self._comp(node, "generator")

    def expr_DictComp(self, node: ast.DictComp) -> Expr:
        return self._comp(node, "dict")

    def expr_NamedExpr(self, node: ast.NamedExpr) -> Expr:
        return ("walrus", node.lineno, node.target.id, self.expr(node.value))

    def expr_Starred(self, node: ast.Starred) -> Expr:
        return ("star", node.lineno, self.expr(node.value))

    def expr_Await(self, node: ast.Await) -> Expr:
        return ("await", node.lineno, self.expr(node.value))

    def expr_Yield(self, node: ast.Yield) -> Expr:
        return ("yield", node.lineno, self.optional(node.value))

    def expr_YieldFrom(self, node: ast.YieldFrom) -> Expr:
        return ("yield", node.lineno, self.expr(node.value))

    def expr_JoinedStr(self, node: ast.JoinedStr) -> Expr:
        return ("fstring", node.lineno)


def _flat(body: Iterable[Stmt]) -> Iterable[Stmt]:
    """The statements of a class body, those under `if` and `try` included: methods are often defined under a guard."""
    for stmt in body:
        yield stmt
        if stmt[0] == "if":
            yield from _flat((*stmt[3], *stmt[4]))
        elif stmt[0] == "try":
            yield from _flat((*stmt[2], *stmt[4]))
