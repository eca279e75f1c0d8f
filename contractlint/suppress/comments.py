"""Finds suppression comments in a file and the code that each speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from contractlint.model.finding import Place

_COMMENT = re.compile(r"#\s*contractlint:\s*(?P<verb>[\w-]*)\s*(?:\[(?P<codes>[^\]]*)\])?(?P<reason>.*)")


@dataclass(slots=True)
class Suppression:
    """One comment. It covers `first`..`last`; with `whole`, every call that starts in there."""

    file: str
    place: Place
    first: int
    last: int
    whole: bool
    valid: bool
    codes: tuple[str, ...]
    reason: str
    function: str
    used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FileComments:
    """The suppressions of one file, and where the arguments of its calls stand."""

    suppressions: list[Suppression]
    # The first and last line of each argument, by the first and last line of its call.
    arguments: dict[tuple[int, int], list[tuple[int, int]]]


def read_comments(name: str, source: bytes) -> FileComments | None:
    """Read a file's suppressions; None when it has none, or does not parse (which the check itself reports)."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    except (cst.ParserSyntaxError, UnicodeDecodeError):
        return None
    reader = _Reader(name, source.decode("utf-8", "replace").splitlines())
    wrapper.visit(reader)
    return FileComments(reader.suppressions, reader.arguments) if reader.suppressions else None


class _Reader(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, lines: list[str]) -> None:
        super().__init__()
        self.file = file
        self.lines = lines
        self.scopes: list[str] = []
        self.suppressions: list[Suppression] = []
        self.arguments: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.statements: dict[int, int] = {}  # first line of a simple statement: its last line

    def _range(self, node: cst.CSTNode) -> CodeRange:
        position = self.get_metadata(PositionProvider, node)
        assert isinstance(position, CodeRange)
        return position

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.scopes.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self.scopes.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.scopes.append(node.name.value)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self.scopes.pop()

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        position = self._range(node)
        self.statements[position.start.line] = position.end.line

    def visit_Call(self, node: cst.Call) -> None:
        span = self._range(node)
        spans = [self._range(argument) for argument in node.args]
        lines = [(argument.start.line, argument.end.line) for argument in spans]
        self.arguments.setdefault((span.start.line, span.end.line), []).extend(lines)

    def visit_Comment(self, node: cst.Comment) -> None:
        found = _COMMENT.match(node.value)
        if not found:
            return
        start = self._range(node).start
        alone = not self.lines[start.line - 1][: start.column].strip()
        codes = found["codes"]
        self.suppressions.append(
            Suppression(
                file=self.file,
                place=Place(self.file, start.line, start.column + 1, start.line, start.column + 1 + len(node.value)),
                first=self._next_code(start.line) if alone else start.line,
                last=start.line,
                whole=alone,
                valid=found["verb"] == "ignore",
                codes=tuple(code.strip() for code in (codes or "").split(",") if code.strip()),
                reason=found["reason"].strip().lstrip(":-").strip(),
                function=".".join(self.scopes),
            )
        )

    def leave_Module(self, original_node: cst.Module) -> None:
        for suppression in self.suppressions:
            first = suppression.first
            # Directly above a statement the comment speaks of all of it; inside one, of the next line.
            suppression.whole = suppression.whole and first in self.statements
            suppression.last = self.statements[first] if suppression.whole else first

    def _next_code(self, line: int) -> int:
        while line < len(self.lines):
            line += 1
            text = self.lines[line - 1].strip()
            if text and not text.startswith("#"):
                break
        return line
