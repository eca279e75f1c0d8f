"""The search for names in the raw text, against a regular expression."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import contractlint
from contractlint.index.module import ModuleIR
from contractlint.index.text import MOST_FILES, TextIndex

USES = ("word", "calls", "refs", "stores", "strings")
PIECES = ["bias", "bias", "bi", "as", "bias_", "xbias", ".", "(", "'", '"', " ", "\n", "=", "é", "0", "\0", "bias("]


@dataclass
class Sources:
    """A tree in memory; a file of None cannot be read."""

    contents: list[bytes | None]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(f"f{number:03}.py" for number in range(len(self.contents)))

    def read(self, name: str) -> bytes:
        content = self.contents[int(name[1:4])]
        if content is None:
            raise PermissionError(13, "Permission denied")
        return content


def naive(content: bytes, name: str) -> set[str]:
    """The uses in which a name stands in a text. All that is not ASCII may be part of a name."""
    uses: set[str] = set()
    for match in re.finditer(rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff])" % name.encode(), content):
        before, after = content[: match.start()][-1:], content[match.end() :][:1]
        uses.add("word")
        if after == b"(":
            uses.add("calls")
        elif after in (b"'", b'"'):
            uses |= {"strings"} if before == after else set()
        elif re.match(rb" ?=(?!=)", content[match.end() :]):
            uses |= {"stores"} if before == b"." else set()
            line = content[: match.start()].rpartition(b"\n")[2]
            uses |= {"refs"} if b":" in line else set()
        else:
            # A blank before the parenthesis makes no difference to a call, and none to what a value may be.
            uses |= {"refs", "calls"} if content[match.end() :].startswith(b" (") else {"refs"}
    return uses


texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join).map(str.encode)


@given(st.lists(texts, max_size=6))
@example([b"bias", b"bias"])
@example([b"", b"\0bias\0", b""])
@example([b"bias ("])
def test_uses_are_those_that_a_regular_expression_finds(contents: list[bytes]) -> None:
    index = TextIndex(Sources([*contents]), {})
    for use in USES:
        expected = tuple(number for number, content in enumerate(contents) if use in naive(content, "bias"))
        assert index.files_with("bias", use) == expected, use
        assert not index.is_common("bias", use)


def said(source: bytes) -> dict[str, set[tuple[str, int]]]:
    """By use, the names in a text, each with the line of the function around it, as Python itself reads them."""
    found: dict[str, set[tuple[str, int]]] = {"calls": set(), "stores": set(), "refs": set(), "strings": set()}
    called: set[int] = set()

    def look(node: ast.AST, line: int) -> None:
        inner = line
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = node.lineno
            for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
                look(part, line)
            for statement in node.body:
                look(statement, inner)
            return
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            called.add(id(node.func))
            if name is not None:
                found["calls"].add((name, line))
            for value in (*node.args, *(k.value for k in node.keywords)):
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.isidentifier():
                    found["strings"].add((value.value, line))
        elif isinstance(node, ast.Attribute | ast.Name) and id(node) not in called:
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if isinstance(node.ctx, ast.Load):
                found["refs"].add((name, line))
            elif isinstance(node.ctx, ast.Store) and isinstance(node, ast.Attribute):
                found["stores"].add((name, line))
        if not isinstance(node, ast.JoinedStr | ast.pattern):
            for child in ast.iter_child_nodes(node):
                look(child, inner)

    look(ast.parse(source), 1)
    return found


def test_nothing_that_a_file_says_is_missing_from_its_text() -> None:
    """The text decides what is parsed: what it misses is lost."""
    for path in sorted(Path(contractlint.__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        index, module = TextIndex(Sources([source]), {}), ModuleIR(source, "")
        for use, names in said(source).items():
            for name in {name for name, _ in names}:
                lines = {module.functions[number].line for number in module.using(name, use)}
                missing = {line for other, line in names if other == name} - lines
                assert not missing and index.files_with(name, use) == (0,), (path.name, use, name, missing)
        missing_bases = [name for name in _bases(module) if index.files_with(name, "bases") != (0,)]
        assert not missing_bases, path.name


@pytest.mark.parametrize(
    "code",
    [
        "self.bias = 1",
        "self.bias: int = 1",
        "self.bias: int",
        "self.bias += 1",
        "self.scale, self.bias = f()",
        "(self.bias, self.scale) = f()",
        "(\n    self.scale,\n    self.bias,\n) = f()",
        "with f() as self.bias:\n    pass",
        "for self.bias in f():\n    pass",
        "a = self.bias = 1",
        "if a: self.bias: int = 1",
        "a = 1; self.bias: int = 1",
        "a[0].bias: int = 1",
    ],
)
def test_an_attribute_that_is_stored_is_found(code: str) -> None:
    assert TextIndex(Sources([code.encode()]), {}).files_with("bias", "stores") == (0,)
    assert ModuleIR(code.encode(), "").using("bias", "stores") == (0,)


@pytest.mark.parametrize(
    "code",
    [
        "if a == self.bias:\n    pass",
        "for a in self.bias:\n    pass",
        "def f() -> a.bias:\n    pass",
        "a = {b.bias: 1}",
        "a = b[c.bias:]",
    ],
)
def test_an_attribute_before_a_colon_is_not_always_stored(code: str) -> None:
    assert ModuleIR(code.encode(), "").using("bias", "stores") == ()


def _bases(module: ModuleIR) -> list[str]:
    return [base[-1] for cls in module.classes for base in cls.bases if base[0] in ("name", "attr")]


def test_a_quoted_name_is_found_in_a_file_that_uses_it_in_all_other_ways() -> None:
    index = TextIndex(Sources([b"x.bias = bias(bias)\nf('bias')"]), {})
    assert index.files_with("bias", "strings") == (0,)


def test_definitions_are_told_from_calls() -> None:
    index = TextIndex(
        Sources([b"def bias(x):", b"class bias:", b"    bias: int = 1", b"bias(x)", b"class bias(x):"]), {}
    )
    assert index.files_with("bias", "def") == (0,)
    assert index.files_with("bias", "class") == (1, 4)
    assert index.files_with("bias", "field") == (2,)
    assert index.files_with("bias", "calls") == (3,)


def test_files_that_hold_several_names_are_found_however_common_one_is() -> None:
    many: list[bytes | None] = [b"forward(x)"] * (MOST_FILES + 1)
    index = TextIndex(Sources([*many, b"forward(bias)"]), {})
    assert index.files_with("forward", "calls") == ()
    assert index.files_with_all((("forward", "calls"), ("bias", "word"))) == (MOST_FILES + 1,)
    assert index.source(MOST_FILES + 1) == b"forward(bias)"


def test_a_file_that_cannot_be_read_is_said_and_left_out() -> None:
    unreadable: dict[str, str] = {}
    index = TextIndex(Sources([b"bias", None, b"bias"]), unreadable)
    assert unreadable == {"f001.py": "cannot be read: Permission denied"}
    assert index.files == ["f000.py", "f002.py"]
    assert index.files_with("bias", "refs") == (0, 1)


def test_a_common_name_is_said_to_be_common_in_that_use_only() -> None:
    many: list[bytes | None] = [b"bias(x)"] * (MOST_FILES + 1)
    index = TextIndex(Sources([*many, b"x.bias = 1"]), {})
    assert index.is_common("bias", "calls") and index.files_with("bias", "calls") == ()
    assert not index.is_common("bias", "stores")
    assert index.files_with("bias", "stores") == (MOST_FILES + 1,)


def test_a_name_that_is_common_in_two_uses_is_complete_in_the_third() -> None:
    many: list[bytes | None] = [b"bias(bias)"] * (MOST_FILES + 1)
    index = TextIndex(Sources([*many, b"x.bias = 1", b"setattr(x, 'bias', 1)"]), {})
    for use, expected in (("stores", MOST_FILES + 1), ("strings", MOST_FILES + 2)):
        assert index.is_common("bias", use) or index.files_with("bias", use) == (expected,), use


@pytest.mark.parametrize(
    ("text", "use", "stands"),
    [
        ("make()", "calls with", False),
        ("make( )", "calls with", False),
        ("make(x)", "calls with", True),
        ("make(\n    x\n)", "calls with", True),
        ("self.make(x)", "calls elsewhere", False),
        ("super().make(x)", "calls elsewhere", False),
        ("self.part.make(x)", "calls elsewhere", True),
        ("other.self.make(x)", "calls elsewhere", True),
        ("myself.make(x)", "calls elsewhere", True),
        ("self.make(x), other.make(x)", "calls elsewhere", True),
        ("make(x)", "calls elsewhere", True),
        ("def make(x): pass", "calls elsewhere", False),
        ("return make", "given", True),
        ("return (\n    make\n)", "given", True),
        ("return a if b else made.make", "given", True),
        ("made = make", "given", True),
        ("made = a or make", "given", True),
        ("isinstance(x, make)", "given", False),
        ("x: make = y", "given", False),
        ("return make.other", "given", False),
        ("return make(x)", "given", False),
    ],
)
def test_uses_that_tell_apart_whom_a_name_is_of(text: str, use: str, stands: bool) -> None:
    assert bool(TextIndex(Sources([text.encode()]), {}).files_with("make", use)) is stands
