"""Move findings from the call to the argument they speak of, by parsing the functions that have findings with libcst."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from contractlint.index.outline import Outline
from contractlint.model.finding import Finding, Place

_INDENT = re.compile(rb"[ \t]*")


class _Span(NamedTuple):
    line: int
    column: int
    end_line: int
    end_column: int


class _Call(NamedTuple):
    span: _Span
    keywords: dict[str, _Span]
    splats: list[_Span]
    positional: list[_Span]


def place(
    findings: Iterable[Finding], read: Callable[[str], bytes], position_of: Callable[[Finding], int]
) -> list[Finding]:
    """The findings at their arguments. `position_of` is the index of a parameter among the positional ones, -1 for none."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[finding.place.file].append(finding)
    out: list[Finding] = []
    for file in sorted(by_file):
        calls = _calls(read(file), {f.place.line for f in by_file[file]})
        out.extend(_placed(f, calls.get((f.place.line, f.place.column)), position_of(f)) for f in by_file[file])
    return out


def _placed(finding: Finding, call: _Call | None, position: int) -> Finding:
    if call is None:
        return finding
    whole = _place(finding.place.file, call.span)
    span = call.keywords.get(finding.parameter) if finding.parameter else None
    if span is None and 0 <= position < len(call.positional):
        span = call.positional[position]
    if span is None and finding.parameter and len(call.splats) == 1:
        span = call.splats[0]
    return replace(finding, place=_place(finding.place.file, span or call.span), call=whole)


def _place(file: str, span: _Span) -> Place:
    return Place(file, span.line, span.column, span.end_line, span.end_column)


def _calls(source: bytes, lines: set[int]) -> dict[tuple[int, int], _Call]:
    """The calls that start on one of these lines, by position. Of a file, only the functions that hold these are parsed."""
    import libcst as cst

    found: dict[tuple[int, int], _Call] = {}
    for text, shift in _pieces(source, lines):
        try:
            found.update(_calls_in(text, shift, lines))
        except cst.ParserSyntaxError:
            return _calls_in(source, 0, lines)
    return found


def _pieces(source: bytes, lines: set[int]) -> list[tuple[bytes, int]]:
    """The texts to parse for these lines, each with what its line numbers lack."""
    outline = Outline(source)
    starts = [0, *(match.end() for match in re.finditer(b"\n", source))]
    pieces: dict[int, tuple[bytes, int]] = {}
    for line in lines:
        indented = _INDENT.match(source, starts[line - 1])
        index = outline.at(indented.end() if indented is not None else 0)
        outermost = None
        while index >= 0:
            definition = outline.definitions[index]
            outermost = outermost if definition.is_class else definition
            index = definition.scope
        if outermost is None or b"\r" in source:
            return [(source, 0)]
        text = source[outermost.first : outline.end(outermost)]
        shift = source.count(b"\n", 0, outermost.first)
        pieces[outermost.first] = (b"if 1:\n" + text, shift - 1) if outermost.indent else (text, shift)
    return list(pieces.values())


def _calls_in(source: bytes, shift: int, lines: set[int]) -> dict[tuple[int, int], _Call]:
    import libcst as cst
    from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    found: dict[tuple[int, int], _Call] = {}

    def span(node: cst.CSTNode) -> _Span:
        where = positions[node]
        assert isinstance(where, CodeRange)
        start, end = where.start, where.end
        return _Span(start.line + shift, start.column + 1, end.line + shift, end.column + 1)

    class Visitor(cst.CSTVisitor):
        def visit_Call(self, node: cst.Call) -> None:
            whole = span(node)
            if whole.line not in lines:
                return
            call = _Call(whole, {}, [], [])
            for arg in node.args:
                if arg.keyword is not None:
                    start = span(arg.keyword)
                    end = span(arg.value)
                    call.keywords[arg.keyword.value] = _Span(start.line, start.column, end.end_line, end.end_column)
                elif arg.star:
                    call.splats.append(span(arg))
                else:
                    call.positional.append(span(arg.value))
            found[(whole.line, whole.column)] = call

    wrapper.module.visit(Visitor())
    return found
