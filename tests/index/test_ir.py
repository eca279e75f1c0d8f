"""The intermediate form survives packing, and building it piece by piece gives what the whole file gives."""

from __future__ import annotations

import ast
import marshal
import sysconfig
from pathlib import Path

import pytest

from contractlint.flow.graph import build_graph
from contractlint.flow.nodes import forget_keys
from contractlint.index.ir import dotted
from contractlint.index.module import ModuleIR
from contractlint.index.project import Function, Project
from contractlint.index.reading import parse
from contractlint.index.store import ModuleStore
from contractlint.sources import Tree

SAMPLE = 150
LIBRARY = Path(sysconfig.get_path("stdlib"))

FEATURES = """
import a.b.c, d.e as f
from . import g
from .h import (i as j, k)
from ... import l
from m import *

CONSTANT: "int | None" = -1
x = y = (1, 2.5, 3j, b"b", "s", ..., None, True)
first, *rest = [1, {2}, {3: 4, **x}]


@f.decorated(1)
class C(f.Base["T"], metaclass=g):
    field: int = 0
    other: "list[C]"

    @property
    def p(self, /, a, *args: int, b=1, **kwargs) -> "C":
        nonlocal_ = lambda q, *r, s=2: q if r else s
        return self.p[1:2, ::3] @ -a if not b and a < b <= 3 or a in args else ~a

    async def q(self):
        async with a as b, c:
            async for d in e:
                yield await d
        return


def run(n):
    global x
    while n:
        n -= 1
        if n > 3:
            continue
        break
    else:
        pass
    for i, (j, k) in n:
        del i, j.k
    try:
        raise ValueError(f"{n!r:>{3}}") from None
    except (A, b.B) as error:
        yield from error
    finally:
        assert n, "why"
    match n:
        case {"a": [1, *others], **more} if others:
            return more
        case C(field=0) | None as found:
            return found
    return [u for v in n if v for u in v], {u: v for u, v in n}, {u for u in n}, (u for u in n), (w := n)
"""


def contents(module: ModuleIR) -> list[object]:
    """All that a module says, each piece parsed when it is asked for."""
    functions = [(f.qualname, f.owner, f.parent, f.params, f.decorators, f.returns, f.body) for f in module.functions]
    classes = [(c.qualname, c.parent, c.bases, c.decorators, c.body, c.methods, c.fields) for c in module.classes]
    return [functions, classes]


def from_the_whole(source: bytes, package: str) -> ModuleIR:
    """A module that was parsed at once, not piece by piece."""
    module = ModuleIR(source, package)
    module.parse_all()
    return module


def test_every_kind_of_code_survives_packing() -> None:
    module, other = (ModuleIR(FEATURES.encode(), "engine.sub.deep") for _ in range(2))
    said = contents(module)
    other.fill(marshal.loads(marshal.dumps(module.pack())))
    assert contents(other) == said and not other.grown
    assert [function.qualname for function in module.functions] == ["<module>", "C.p", "C.q", "run"]
    assert [(p.name, p.kind) for p in module.functions[1].params] == [
        ("self", "posonly"),
        ("a", "pos"),
        ("args", "vararg"),
        ("b", "kwonly"),
        ("kwargs", "kwarg"),
    ]


def test_relative_imports_are_resolved_against_the_package() -> None:
    module = ModuleIR(FEATURES.encode(), "engine.sub.deep")
    imports = [stmt[2] for stmt in module.functions[0].body if stmt[0] == "import"]
    assert imports == [
        (("a", "a", None), ("f", "d.e", None)),
        (("g", "engine.sub.deep", "g"),),
        (("j", "engine.sub.deep.h", "i"), ("k", "engine.sub.deep.h", "k")),
        (("l", "engine", "l"),),
    ]


def test_dotted_names_are_spelled_out() -> None:
    module = ModuleIR(b"a.b.c\nd\na().b\n1\n", "")
    assert [dotted(stmt[2]) for stmt in module.functions[0].body] == ["a.b.c", "d", None, None]


AWKWARD = [
    "def f(\n    a,\n) -> int:\n    return 1\nx = 2\n",
    "if x:\n    def f(): return 1\nelse:\n    def f(): return 2\ny = f\n",
    "try:\n    import a\nexcept ImportError:\n    def f():\n        pass\n    class C: pass\nelse:\n    def g(): pass\n",
    "class C:\n    if x:\n        def f(self): pass\n    else:\n        def f(self, a): pass\n    (a, b), c = f()\n",
    "def f():\n    def g():\n        return (\n1,\n2)\n    (a, b), c = g()\n    return a\n",
    'def f():\n    x = """\ndef g():\n    pass\n"""\n    return x\n"""text\nclass D: pass\n"""\nz = 1\n',
    'x = \'"""\'\ndef f():\n    # it\'s """ in a comment\n    return 1\ndef g(): pass\n',
    "@a.b(\n    1,\n)\n@c\n# why\n\nasync def f(x=lambda y: {1: y}, *, z: 'a:b' = {1: 2}) -> d[e: str]: return x\n",
    "@d\nclass E(F, g=1): x: int = 1\n",
    "class C:\n\tdef f(self):\n\t\treturn 1\n\n\tx = 1\ndef g():\n\treturn 2\n",
    "\ufeffdef f():\r\n    return 1\r\n\r\nclass C:\r\n    x = 1\r\n",
    "def f():\n    pass\n\f\ndef g():\n    pass\n\fclass C:\n    pass\n",
    "def f(a=1,\n      b=2): return a\ndef g():\n    return 'é', f(\n  1)\n",
    "# -*- coding: latin-1 -*-\ndef f():\n    return 'x'\n",
    "def f():\n    return 1 + \\\n2\ndef g(): pass\n",
    "def f():\n    x = [\n'a',\n'b']\n    return x\ndef g(): pass\n",
    "def f():\n    x = g(1,\ny=2)\n    return x\ndef g(): pass\n",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_definitions_are_cut_out_however_they_are_laid_out(text: str) -> None:
    source = text.encode()
    module, whole = ModuleIR(source, "p"), from_the_whole(source, "p")
    assert whole.trouble == "" and contents(module) == contents(whole)
    assert sorted(f.line for f in module.functions[1:]) == sorted(
        n.lineno for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_what_is_broken_is_said_when_it_is_asked_for() -> None:
    module = ModuleIR(b"def f():\n    return 1\n\ndef g():\n    return (\n", "p")
    assert module.functions[1].body == (("return", 2, ("const", 2, 1)),)
    assert module.trouble == ""
    assert module.functions[2].body == ()
    assert module.trouble.startswith("does not parse: ")


def ends(source: bytes) -> list[int | None]:
    """The last lines of all functions, in the order in which they stand."""
    nodes = [n for n in ast.walk(parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [n.end_lineno for n in sorted(nodes, key=lambda n: n.lineno)]


def sample() -> list[Path]:
    """Every n-th of the files that Python tests itself with."""
    files = sorted((LIBRARY / "test").rglob("*.py"))
    step = max(1, len(files) // SAMPLE)
    return files[::step][:SAMPLE]


@pytest.mark.skipif(len(sample()) < 100, reason="this Python comes without its tests")
def test_pythons_own_tests_are_built_packed_and_graphed() -> None:
    files = sample()
    refused: dict[str, str] = {}
    root = LIBRARY / "test"
    tree = Tree(root, tuple(sorted(path.relative_to(root).as_posix() for path in files)))
    project = Project(tree, ModuleStore())
    for index, name in enumerate(project.text.files):
        module = project.module_at(index)
        if module.ir.verify() is None:
            refused[name] = project.unreadable[name]
            continue
        source = (root / name).read_bytes()
        assert contents(module.ir) == contents(from_the_whole(source, module.ir.package)), name
        assert [f.end_line for f in module.ir.functions[1:]] == ends(source), name
        for function in range(len(module.ir.functions)):
            build_graph(Function(module, function))
    forget_keys()
    assert all(reason.startswith("does not parse: ") for reason in refused.values())
    assert project.parsed == len(files) - len(refused) and len(refused) < 20
