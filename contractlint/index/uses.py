"""How a name is used where it stands in a text: called, stored as an attribute, quoted, defined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_IS_PART = tuple(chr(c).isalnum() or chr(c) == "_" or c >= 128 for c in range(256))
_ASSIGNED = re.compile(rb" ?[-+*/|&]?=(?!=)")
_STORED = re.compile(rb" ?[-+*/|&]?=(?!=)|:")
# What stands before an attribute that is stored with an annotation: the start of a statement, and no blank since.
_BEGUN = re.compile(rb"(?:.*[:;])?[ \t]*[^\s:;]*")
# An attribute that is stored as part of a tuple: what follows it on its line, and what stands before it.
_IN_TUPLE = re.compile(rb",?[\w\x80-\xff.\[\], ]*\)? ?=(?!=)")
_LISTED = re.compile(rb"\)?,?[ \t]*\n(?:[ \t]*[\w\x80-\xff.\[\]]+,?[ \t]*\n)*[ \t]*\)[ \t]?=(?!=)")
_TARGETS = re.compile(rb"[ \t]*\(?[\w\x80-\xff.\[\], ]*")
_IMPORTING = re.compile(rb"\b(?:from|import)\Z")
_EMPTY = re.compile(rb" ?\(\s*\)")
# The start of a call whose first two arguments are no texts in quotes.
_UNQUOTED = re.compile(rb" ?\(\s*[^,()'\"]+,\s*(?![\"'])")
_OWN = re.compile(rb"(?<![\w\x80-\xff.])(?:self|super\(\))\Z")
# Before a whole value that is returned or assigned: not an argument, an annotation or a part of something.
_GIVEN = re.compile(rb"(?:[=(\\]|\b(?:return|else|or|and|lambda[^:]*:))\s*(?:[\w\x80-\xff]+\.)*\Z")
_BOUND = re.compile(rb".*\b(?:as|for) [\w\x80-\xff.]*", re.DOTALL)


_CALLED = ((b"", b"("), (b"", b" ("))
_ALONE = ((b"", b""),)
# What stands around a name in a use, for looking for all of it: the name alone stands in more places.
_AROUND: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "calls": _CALLED,
    "calls with": _CALLED,
    "calls elsewhere": _CALLED,
    "calls by name": _CALLED,
    "stores": ((b".", b""),),
    "stores elsewhere": ((b".", b""),),
    "strings": ((b'"', b'"'), (b"'", b"'")),
    "def": ((b"def ", b""),),
    "class": ((b"class ", b""),),
    "field": ((b"", b":"),),
}


def places(source: bytes, name: bytes, use: str = "") -> Iterator[int]:
    """Where a name stands as a whole word, at least where it is in a use. All that is not ASCII may be part of a name."""
    size, last = len(name), len(source)
    for before, after in _AROUND.get(use, _ALONE):
        wanted, ahead = before + name + after, len(before)
        at = source.find(wanted)
        while at >= 0:
            start = at + ahead
            end = start + size
            if (not start or not _IS_PART[source[start - 1]]) and (end == last or not _IS_PART[source[end]]):
                yield start
            at = source.find(wanted, end)


def _is_called(source: bytes, at: int, end: int) -> bool:
    if source[end : end + 1] != b"(" and source[end : end + 2] != b" (":
        return False
    before = source[max(at - 6, 0) : at]
    return not (before.endswith(b"def ") or before.endswith(b"class "))


def _is_called_with(source: bytes, at: int, end: int) -> bool:
    return _is_called(source, at, end) and not _EMPTY.match(source, end)


def _is_called_by_name(source: bytes, at: int, end: int) -> bool:
    return _is_called(source, at, end) and _UNQUOTED.match(source, end) is not None


def _is_called_elsewhere(source: bytes, at: int, end: int) -> bool:
    if source[at - 1 : at] != b".":
        return _is_called(source, at, end)
    before = source[max(at - 9, 0) : at - 1]
    own = before.endswith((b"self", b"super()")) and _OWN.search(before) is not None
    return not own and _is_called(source, at, end)


def _is_given(source: bytes, at: int, end: int) -> bool:
    if source[end : end + 1] in (b".", b"["):
        return False
    return _is_referred_to(source, at, end) and _GIVEN.search(source[max(at - 200, 0) : at]) is not None


def _is_referred_to(source: bytes, at: int, end: int) -> bool:
    after = source[end : end + 1]
    if after in (b"(", b"'", b'"'):
        return False
    if _ASSIGNED.match(source, end) and source.find(b":", source.rfind(b"\n", 0, at) + 1, at) < 0:
        return False  # a target or the name of an argument, and no annotation before a value
    before = source[max(at - 6, 0) : at]
    return not (before.endswith(b"def ") or before.endswith(b"class "))


def _is_stored(source: bytes, at: int, end: int) -> bool:
    if source[at - 1 : at] != b".":
        return False
    after = source[end : end + 1]
    if _ASSIGNED.match(source, end):
        return True
    if after not in (b":", b",", b")", b" ", b"\n", b"\r"):
        return False
    start = source.rfind(b"\n", 0, at) + 1
    if after == b":" and _BEGUN.fullmatch(source, start, at):
        return True
    if _IN_TUPLE.match(source, end) and _TARGETS.fullmatch(source, start, at):
        return True
    if _LISTED.match(source, end) and _TARGETS.fullmatch(source, start, at):
        return True
    return after != b"," and _BOUND.fullmatch(source, start, at) is not None


def _is_stored_elsewhere(source: bytes, at: int, end: int) -> bool:
    own = source[max(at - 5, 0) : at] == b"self." and (
        at < 6 or (not _IS_PART[source[at - 6]] and source[at - 6] != 46)
    )
    return not (own and _STORED.match(source, end)) and _is_stored(source, at, end)


def _is_quoted(source: bytes, at: int, end: int) -> bool:
    quote = source[end : end + 1]
    return quote in (b"'", b'"') and source[at - 1 : at] == quote


def _is_function(source: bytes, at: int, end: int) -> bool:
    return source[max(at - 4, 0) : at] == b"def " and source[end : end + 1] in (b"(", b"[")


def _is_class(source: bytes, at: int, end: int) -> bool:
    return source[max(at - 6, 0) : at] == b"class " and source[end : end + 1] in (b"(", b":", b"[")


def _is_base(source: bytes, at: int, end: int) -> bool:
    opened = source.rfind(b"class ", 0, at)
    head = source[opened:at] if opened >= 0 else b""
    return b"(" in head and b")" not in head and not source[source.rfind(b"\n", 0, opened) + 1 : opened].strip()


def _is_field(source: bytes, at: int, end: int) -> bool:
    return source[end : end + 1] == b":" and not source[source.rfind(b"\n", 0, at) + 1 : at].strip()


def _is_imported(source: bytes, at: int, end: int) -> bool:
    before = source[max(at - 1000, 0) : at]
    if before[-1:] in (b"'", b'"') and source[end : end + 1] in (b".", b"'", b'"'):
        return True  # a module that is named to be imported
    bare = before.rstrip()
    return bare.endswith(b",") or (bare != before and _IMPORTING.search(bare) is not None)


USES: dict[str, Callable[[bytes, int, int], bool]] = {
    "calls": _is_called,
    "calls with": _is_called_with,
    "calls elsewhere": _is_called_elsewhere,
    "calls by name": _is_called_by_name,
    "refs": _is_referred_to,
    "given": _is_given,
    "stores": _is_stored,
    "stores elsewhere": _is_stored_elsewhere,
    "strings": _is_quoted,
    "def": _is_function,
    "class": _is_class,
    "bases": _is_base,
    "field": _is_field,
    "imports": _is_imported,
}
"""By use: whether a name that stands somewhere, up to some end, is used so."""


def stands(source: bytes, name: bytes, use: str) -> bool:
    """Whether a name stands in a text in a use."""
    holds = USES[use]
    return any(holds(source, at, at + len(name)) for at in places(source, name, use))
