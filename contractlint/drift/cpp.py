"""A small scanner of C++ and CUDA: function definitions, their parameters, and what their bodies mention.

It knows tokens, brackets and scopes, and nothing of types or templates. What a macro defines it does not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+ | //[^\n]* | /\*.*?\*/ | ^[ \t]*\#(?:[^\n\\]|\\.)* )
    | (?P<string>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)" | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")
    | (?P<char>'(?:[^'\\\n]|\\.)+')
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\.?\d(?:[\w.']|[eEpP][+-])*)
    | (?P<mark2>::|->|<<|\|\||&&|[=!<>]=|\[\[|\]\]|.)
    """,
    re.X | re.S | re.M,
)
_NO_FUNCTION = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "alignas", "decltype", "noexcept", "requires", "sizeof"}
    | {"__launch_bounds__", "__attribute__", "__align__", "static_assert", "asm", "new", "delete", "throw"}
)
_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}", "[[": "]]"}, {")", "]", "}", "]]"}


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    line: int
    word: bool = False
    string: bool = False


@dataclass(frozen=True, slots=True)
class CppParameter:
    """A named parameter; `type` is all that stands before the name."""

    name: str
    type: str
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function: `name` holds the classes and namespaces around it, `body` begins behind the parameters."""

    name: str
    line: int
    parameters: tuple[CppParameter, ...]
    body: Sequence[Token]

    def uses(self, name: str) -> bool:
        """Say whether the body mentions a name other than to silence the compiler, as in `(void)name;`."""
        for index, token in enumerate(self.body):
            if token.word and token.text == name:
                before = [other.text for other in self.body[max(0, index - 3) : index]]
                if before != ["(", "void", ")"]:
                    return True
        return False


def tokens(text: str) -> list[Token]:
    """Return the tokens of a source, without comments and preprocessor lines."""
    found = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind == "mark":  # the delimiter of a raw string is a group of its own
            kind = "string"
        if kind != "skip":
            found.append(Token(piece, line, kind == "word", kind == "string"))
        line += piece.count("\n")
    return found


def functions(text: str) -> Iterator[Function]:
    """Yield the functions that a source defines, in order; lambdas belong to the function around them."""
    stream = tokens(text)
    scopes: list[str | None] = []  # the name of each open namespace or class; None for any other block
    start = index = 0
    while index < len(stream):
        token = stream[index].text
        if token == ";" or (token == ":" and index and stream[index - 1].text in ("public", "private", "protected")):
            start = index + 1
        elif token == "}":
            if scopes:
                scopes.pop()
            start = index + 1
        elif token in ("(", "[", "[["):
            index = _closing(stream, index)
        elif token == "{":
            head = stream[start:index]
            end = _closing(stream, index)
            opening = _parameters_at(head)
            kind = _scope(head)
            if opening is not None and kind is None:
                if _initialises_member(head, opening, stream, end):
                    index = end + 1
                    continue
                yield _function(head, opening, scopes, stream[start + _closing(head, opening) : end])
                index, start = end, end + 1
            elif kind is not None:
                scopes.append(kind)
                start = index + 1
            elif any(part.text == "=" for part in head):
                index = end  # an initialiser: what it belongs to goes on behind it
            else:
                index, start = end, end + 1
        index += 1


def split(items: Sequence[Token], separator: str = ",") -> list[Sequence[Token]]:
    """Divide tokens at a separator that stands inside no brackets."""
    parts: list[Sequence[Token]] = []
    start = depth = 0
    for index, item in enumerate(items):
        if item.text in _OPEN or item.text == "<":
            depth += 1
        elif (item.text in _CLOSE or item.text == ">") and depth:
            depth -= 1
        elif item.text == separator and not depth:
            parts.append(items[start:index])
            start = index + 1
    return [*parts, items[start:]] if items[start:] else parts


def joined(items: Sequence[Token]) -> str:
    """Write tokens as text, in one spacing."""
    text = " ".join(item.text for item in items)
    return re.sub(r" ?(::|->|[.\[\]()]) ?", r"\1", text)


def _closing(stream: Sequence[Token], index: int) -> int:
    """Return the index of the bracket that closes the one at `index`, or the last index."""
    depth = 0
    for at in range(index, len(stream)):
        text = stream[at].text
        if text in _OPEN:
            depth += 1
        elif text in _CLOSE:
            depth -= 1
            if not depth:
                return at
    return len(stream) - 1


def _parameters_at(head: Sequence[Token]) -> int | None:
    """Return where the parameter list of a function begins in what stands before its body."""
    index = 0
    if head and head[0].text == "template":
        index = _after_angles(head, 1)
    while index < len(head):
        text = head[index].text
        if text == "=" and not (index and head[index - 1].text == "operator"):
            return None
        if text == "(":
            before = head[index - 1] if index else None
            if before is not None and before.word and before.text not in _NO_FUNCTION:
                return index
            index = _closing(head, index)
        index += 1
    return None


def _after_angles(head: Sequence[Token], index: int) -> int:
    depth = 0
    while index < len(head):
        depth += {"<": 1, ">": -1}.get(head[index].text, 0)
        index += 1
        if not depth:
            break
    return index


def _scope(head: Sequence[Token]) -> str | None:
    """Return the name of the namespace or class that a block is, "" for one without a name, None for other blocks."""
    words = [part.text for part in head]
    index = _after_angles(head, 1) if words[:1] == ["template"] else 0
    words = words[index:]
    if words[:1] == ["extern"]:
        return ""
    if words[:1] == ["namespace"] or words[:2] == ["inline", "namespace"]:
        return "".join(words[words.index("namespace") + 1 :])
    for key in ("class", "struct", "union"):
        if key in words[:3] and "(" not in words[words.index(key) :][:2]:
            rest = words[words.index(key) + 1 :]
            if "(" in rest and ":" not in rest and "alignas" not in rest and "__align__" not in rest:
                return None  # a function that returns a struct
            names = [word for word in rest[: rest.index(":") if ":" in rest else None] if word.isidentifier()]
            return next((word for word in reversed(names) if word != "final"), "")
    return None


def _initialises_member(head: Sequence[Token], opening: int, stream: Sequence[Token], end: int) -> bool:
    """Say whether a brace initialises a member of a constructor, `Runner(int x) : mX{x} {`, and is not the body."""
    close = _closing(head, opening)
    behind = [part.text for part in head[close + 1 :]]
    return behind[:1] == [":"] and head[-1].word and end + 1 < len(stream) and stream[end + 1].text in (",", "{")


def _function(head: Sequence[Token], opening: int, scopes: Sequence[str | None], body: Sequence[Token]) -> Function:
    first = opening - 1
    while first >= 2 and head[first - 1].text == "::" and head[first - 2].word:
        first -= 2
    own = "".join(part.text for part in head[first:opening])
    name = "::".join([*(scope for scope in scopes if scope), own])
    inside = head[opening + 1 : _closing(head, opening)]
    parameters = tuple(filter(None, map(_parameter, split(inside))))
    return Function(name, head[opening - 1].line, parameters, body)


def _parameter(part: Sequence[Token]) -> CppParameter | None:
    names = [index for index, token in enumerate(part) if token.text == "="]
    declared = part[: names[0]] if names else part
    if declared and declared[-1].text == "]":  # an array: its name stands before the bracket, maybe as (&name)
        declared = declared[: max((index for index, token in enumerate(declared) if token.text == "["), default=0)]
        declared = [token for token in declared if token.text not in ("(", ")")]
    if len(declared) < 2 or not declared[-1].word or declared[-2].text == "::":
        return None
    return CppParameter(declared[-1].text, joined(declared[:-1]), declared[-1].line)
