"""The checks that a library makes of its arguments, as its sources write them: C++ check macros, raises, asserts."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contractlint.drift.cpp import Function, Token, functions, joined, split

_MACRO = re.compile(r"(?!.*(CUDA|NCCL|NVSHMEM|CUBLAS|CUDNN|NVML|WARN|DEBUG))\w*(CHECK|ASSERT)\w*\Z")
_COMPARED = {"EQ": "==", "NE": "!=", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the function that makes it, what must hold, the message of a breach."""

    file: str
    line: int
    function: str
    condition: str
    message: str = ""

    @property
    def alternatives(self) -> frozenset[str]:
        """The conditions of which one must hold."""
        return frozenset(part.strip() for part in re.split(r"\|\||(?<!\w)or(?!\w)", _bare(self.condition)))

    @property
    def subject(self) -> str:
        """What the check looks at: the left side of its first comparison."""
        return re.split(r"\s*(?:==|!=|<=|>=|<|>|\bin\b|\bnot in\b|\|\||&&)\s*", _bare(self.condition))[0].strip()


def cpp_checks(file: str, text: str) -> Iterator[Check]:
    """Yield the checks that the functions of a C++ source make."""
    if "CHECK" in text or "ASSERT" in text:
        for function in functions(text):
            yield from checks_in(file, function)


def checks_in(file: str, function: Function) -> Iterator[Check]:
    """Yield the checks that a function makes itself."""
    body = function.body
    for index, token in enumerate(body[:-1]):
        if not (token.word and token.text.isupper() and _MACRO.match(token.text) and body[index + 1].text == "("):
            continue
        end = _closing(body, index + 1)
        parts = split(body[index + 2 : end])
        if not parts:
            continue
        sign = _COMPARED.get(token.text.rpartition("_")[2])
        plain = [part for part in parts if not any(item.string for item in part)]
        if sign and len(plain) >= 2:
            condition = f"{joined(plain[0])} {sign} {joined(plain[1])}"
        elif token.text.endswith(("CHECK", "ASSERT", "INFO", "MSG", "ERROR", "FMT")):
            condition = joined([item for item in parts[0] if not item.string])
        else:
            condition = f"{token.text}({', '.join(map(joined, plain))})"
        yield Check(file, token.line, function.name, condition, _message(body, index, end))


def _closing(body: Sequence[Token], index: int) -> int:
    depth = 0
    for at in range(index, len(body)):
        depth += {"(": 1, ")": -1}.get(body[at].text, 0)
        if not depth:
            return at
    return len(body) - 1


def _message(body: Sequence[Token], start: int, end: int) -> str:
    """Return the string literals of a check, inside its brackets or streamed into it."""
    stop = next((at for at in range(end, len(body)) if body[at].text == ";"), len(body))
    return " ".join(item.text.strip('"') for item in body[start:stop] if item.string).strip()


def python_checks(file: str, text: str) -> Iterator[Check]:
    """Yield the checks that the functions of a Python source make; a raise counts with the negation of its test."""
    if "raise " not in text and "assert " not in text:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
    yield from _python(file, tree.body, "")


def _python(file: str, body: Sequence[ast.stmt], name: str) -> Iterator[Check]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from _python(file, node.body, f"{name}.{node.name}" if name else node.name)
            case ast.Assert(test=test, msg=message) if name:
                yield Check(file, node.lineno, name, ast.unparse(test), _literals(message))
            case ast.If(test=test, body=[*_, ast.Raise(exc=exception)]) if name:
                yield Check(file, node.lineno, name, negated(test), _literals(exception))
                yield from _python(file, node.orelse, name)
            case ast.If() | ast.For() | ast.While() | ast.With() | ast.Try():
                for field in ("body", "orelse", "finalbody"):
                    yield from _python(file, getattr(node, field, []), name)


def negated(test: ast.expr) -> str:
    """Write what must hold for a test to fail: `x.dtype == torch.float16` for `x.dtype != torch.float16`."""
    opposite: dict[type[ast.cmpop], type[ast.cmpop]] = {
        ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
        ast.IsNot: ast.Is, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    }  # fmt: skip
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ast.unparse(operand)
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return ast.unparse(ast.Compare(left, [opposite[type(sign)]()], [right]))
        case ast.BoolOp(op=ast.And(), values=values):
            return " or ".join(map(negated, values))
    return f"not ({ast.unparse(test)})"


def _literals(node: ast.expr | None) -> str:
    found = ast.walk(node) if node is not None else ()
    texts = [item.value for item in found if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return " ".join(" ".join(texts).split())


def _bare(condition: str) -> str:
    """Take away brackets around the whole of a condition."""
    while condition.startswith("(") and condition.endswith(")"):
        depth = 0
        for index, letter in enumerate(condition):
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if not depth and index < len(condition) - 1:
                return condition
        condition = condition[1:-1].strip()
    return condition
