"""Turn expressions of `ast` into the intermediate form."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from contractlint.index.ir import Expr, ParamIR

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&",
    ast.Not: "not", ast.Invert: "~", ast.UAdd: "+", ast.USub: "-",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip


class ExpressionBuilder:
    """Builds expressions. `shift` is added to every line."""

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift

    def expr(self, node: ast.expr) -> Expr:
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            return ("const", node.lineno + self.shift, ...)
        result: Expr = handler(self, node)
        return result

    def optional(self, node: ast.expr | None) -> Expr | None:
        return None if node is None else self.expr(node)

    def many(self, nodes: Iterable[ast.expr]) -> tuple[Expr, ...]:
        return tuple([self.expr(n) for n in nodes])

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
                return ("const", node.lineno + self.shift, node.value)
            for child in ast.walk(inner):
                if isinstance(child, ast.expr):
                    child.lineno = child.end_lineno = node.lineno
            return self.expr(inner)
        return self.expr(node)

    # expressions

    def _name(self, node: ast.Name) -> Expr:
        return ("name", node.lineno + self.shift, node.id)

    def _attribute(self, node: ast.Attribute) -> Expr:
        return ("attr", (node.end_lineno or node.lineno) + self.shift, self.expr(node.value), node.attr)

    def _call(self, node: ast.Call) -> Expr:
        keywords = tuple([(k.arg, self.expr(k.value)) for k in node.keywords])
        function, args = self.expr(node.func), self.many(node.args)
        return ("call", node.lineno + self.shift, function, args, keywords, node.col_offset + 1)

    def _constant(self, node: ast.Constant) -> Expr:
        return ("const", node.lineno + self.shift, node.value)

    def _tuple(self, node: ast.Tuple) -> Expr:
        return ("tuple", node.lineno + self.shift, self.many(node.elts))

    def _list(self, node: ast.List) -> Expr:
        return ("list", node.lineno + self.shift, self.many(node.elts))

    def _set(self, node: ast.Set) -> Expr:
        return ("set", node.lineno + self.shift, self.many(node.elts))

    def _dict(self, node: ast.Dict) -> Expr:
        items = tuple([(self.optional(k), self.expr(v)) for k, v in zip(node.keys, node.values, strict=True)])
        return ("dict", node.lineno + self.shift, items)

    def _subscript(self, node: ast.Subscript) -> Expr:
        return ("sub", node.lineno + self.shift, self.expr(node.value), self.expr(node.slice))

    def _slice(self, node: ast.Slice) -> Expr:
        lower, upper, step = self.optional(node.lower), self.optional(node.upper), self.optional(node.step)
        return ("slice", node.lineno + self.shift, lower, upper, step)

    def _conditional(self, node: ast.IfExp) -> Expr:
        test, then, other = self.expr(node.test), self.expr(node.body), self.expr(node.orelse)
        return ("ifexp", node.lineno + self.shift, test, then, other)

    def _binary(self, node: ast.BinOp) -> Expr:
        left, right = self.expr(node.left), self.expr(node.right)
        return ("bin", node.lineno + self.shift, OPERATORS[type(node.op)], left, right)

    def _unary(self, node: ast.UnaryOp) -> Expr:
        return ("un", node.lineno + self.shift, OPERATORS[type(node.op)], self.expr(node.operand))

    def _compare(self, node: ast.Compare) -> Expr:
        pairs = tuple([(OPERATORS[type(o)], self.expr(c)) for o, c in zip(node.ops, node.comparators, strict=True)])
        return ("cmp", node.lineno + self.shift, self.expr(node.left), pairs)

    def _bool(self, node: ast.BoolOp) -> Expr:
        return ("bool", node.lineno + self.shift, OPERATORS[type(node.op)], self.many(node.values))

    def _lambda(self, node: ast.Lambda) -> Expr:
        return (
            "lambda",
            node.lineno + self.shift,
            tuple(tuple(p) for p in self.params(node.args)),
            self.expr(node.body),
        )

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Expr:
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        generators = tuple((self.expr(g.target), self.expr(g.iter), self.many(g.ifs)) for g in node.generators)
        return ("comp", node.lineno + self.shift, _COMPREHENSIONS[type(node)], self.many(elements), generators)

    def _walrus(self, node: ast.NamedExpr) -> Expr:
        return ("walrus", node.lineno + self.shift, node.target.id, self.expr(node.value))

    def _starred(self, node: ast.Starred) -> Expr:
        return ("star", node.lineno + self.shift, self.expr(node.value))

    def _await(self, node: ast.Await) -> Expr:
        return ("await", node.lineno + self.shift, self.expr(node.value))

    def _yield(self, node: ast.Yield) -> Expr:
        return ("yield", node.lineno + self.shift, self.optional(node.value))

    def _yield_from(self, node: ast.YieldFrom) -> Expr:
        return ("yield", node.lineno + self.shift, self.expr(node.value))

    def _fstring(self, node: ast.JoinedStr) -> Expr:
        parts = self.many(part.value for part in node.values if isinstance(part, ast.FormattedValue))
        return ("fstring", node.lineno + self.shift, parts)


_COMPREHENSIONS: dict[type[ast.expr], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.GeneratorExp: "generator",
    ast.DictComp: "dict",
}
_EXPRESSIONS: dict[type[ast.expr], Any] = {
    ast.Name: ExpressionBuilder._name,
    ast.Attribute: ExpressionBuilder._attribute,
    ast.Call: ExpressionBuilder._call,
    ast.Constant: ExpressionBuilder._constant,
    ast.Tuple: ExpressionBuilder._tuple,
    ast.List: ExpressionBuilder._list,
    ast.Set: ExpressionBuilder._set,
    ast.Dict: ExpressionBuilder._dict,
    ast.Subscript: ExpressionBuilder._subscript,
    ast.Slice: ExpressionBuilder._slice,
    ast.IfExp: ExpressionBuilder._conditional,
    ast.BinOp: ExpressionBuilder._binary,
    ast.UnaryOp: ExpressionBuilder._unary,
    ast.Compare: ExpressionBuilder._compare,
    ast.BoolOp: ExpressionBuilder._bool,
    ast.Lambda: ExpressionBuilder._lambda,
    ast.NamedExpr: ExpressionBuilder._walrus,
    ast.Starred: ExpressionBuilder._starred,
    ast.Await: ExpressionBuilder._await,
    ast.Yield: ExpressionBuilder._yield,
    ast.YieldFrom: ExpressionBuilder._yield_from,
    ast.JoinedStr: ExpressionBuilder._fstring,
    **dict.fromkeys(_COMPREHENSIONS, ExpressionBuilder._comprehension),
}
