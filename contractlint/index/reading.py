"""A text as Python takes it: its encoding, its line ends, and whether it parses."""

from __future__ import annotations

import ast
import re
import tokenize
import warnings
from io import BytesIO


def parse(text: str | bytes) -> ast.Module:
    """Parse a text. Raises SyntaxError or ValueError for one that is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def parse_whole(source: bytes) -> ast.Module:
    """Parse the text of a whole file, as `parse` does."""
    try:
        return parse(source.decode())
    except UnicodeDecodeError:
        return parse(source)


def wrong_encoding(source: bytes) -> str:
    """Why Python refuses what a text says of its encoding, empty where it does not."""
    if b"coding" in source[:400]:
        try:
            tokenize.detect_encoding(BytesIO(source).readline)
        except SyntaxError as error:
            return str(error.msg)
    return ""


def normal(source: bytes) -> bytes:
    """The text with line ends as the outline knows them, in UTF-8 and without a mark of that."""
    if source.startswith(b"\xef\xbb\xbf"):
        source = source[3:]
    if b"coding" in source[:400]:
        try:
            encoding, _ = tokenize.detect_encoding(BytesIO(source).readline)
            if encoding not in ("utf-8", "utf-8-sig"):
                source = source.decode(encoding).encode()
        except (SyntaxError, ValueError, LookupError):
            pass
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return re.sub(rb"(?m)^\f+", b"", source) if b"\f" in source else source
