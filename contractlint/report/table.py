"""Plain tables for a terminal: cells wrap inside their columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, how narrow it may get, and its share of the width that is left."""

    heading: str
    least: int
    share: int = 1


Row = Sequence[str]  # one text a column; a newline in it begins a new line in its cell


def table_lines(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[str]:
    """Return the lines of a table no wider than `width`, where the columns' least widths allow. Empty columns go."""
    kept = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    columns = [columns[index] for index in kept]
    rows = [[row[index] for index in kept] for row in rows]
    widths = _widths(columns, rows, width)
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [_line([column.heading for column in columns], widths), rule]
    before = ""
    for row in rows:
        if before and row[0] and row[0] != before:
            lines.append("")
        shown = [("" if row[0] == before else row[0]), *row[1:]]
        cells = [_wrapped(text, size) for text, size in zip(shown, widths, strict=True)]
        height = max(map(len, cells))
        for number in range(height):
            lines.append(_line([cell[number] if number < len(cell) else "" for cell in cells], widths))
        before = row[0] or before
    return lines


def _widths(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[int]:
    wanted = []
    for index, column in enumerate(columns):
        texts = [column.heading, *(line for row in rows for line in row[index].splitlines())]
        wanted.append(max(map(len, texts)))
    widths = [min(need, column.least) for need, column in zip(wanted, columns, strict=True)]
    spare = width - sum(widths) - 2 * (len(widths) - 1)
    while spare > 0:
        open_ones = [index for index, need in enumerate(wanted) if widths[index] < need and columns[index].share]
        if not open_ones:
            break
        shares = sum(columns[index].share for index in open_ones)
        given = 0
        for index in open_ones:
            part = min(max(spare * columns[index].share // shares, 1), wanted[index] - widths[index], spare - given)
            widths[index] += part
            given += part
        spare -= given
    return widths


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        lines += textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True)).rstrip()
