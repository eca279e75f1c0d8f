"""The intermediate form survives packing, and building it survives whatever Python's own tests contain."""

from __future__ import annotations

import marshal
import sysconfig
from pathlib import Path

import pytest

from contractlint.flow.graph import build_graph
from contractlint.flow.nodes import forget_keys
from contractlint.index.build import build_module
from contractlint.index.ir import ModuleIR, dotted, pack, unpack
from contractlint.index.project import Function, Project
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


def packed(module: ModuleIR) -> ModuleIR:
    return unpack(marshal.loads(marshal.dumps(pack(module))))


def test_every_kind_of_code_survives_packing() -> None:
    module = build_module(FEATURES.encode(), "engine.sub.deep")
    assert packed(module) == module
    assert [function.qualname for function in module.functions] == ["<module>", "C.p", "C.q", "run"]
    assert [(p.name, p.kind) for p in module.functions[1].params] == [
        ("self", "posonly"),
        ("a", "pos"),
        ("args", "vararg"),
        ("b", "kwonly"),
        ("kwargs", "kwarg"),
    ]


def test_relative_imports_are_resolved_against_the_package() -> None:
    module = build_module(FEATURES.encode(), "engine.sub.deep")
    imports = [stmt[2] for stmt in module.functions[0].body if stmt[0] == "import"]
    assert imports == [
        (("a", "a", None), ("f", "d.e", None)),
        (("g", "engine.sub.deep", "g"),),
        (("j", "engine.sub.deep.h", "i"), ("k", "engine.sub.deep.h", "k")),
        (("l", "engine", "l"),),
    ]


def test_dotted_names_are_spelled_out() -> None:
    module = build_module(b"a.b.c\nd\na().b\n1\n", "")
    assert [dotted(stmt[2]) for stmt in module.functions[0].body] == ["a.b.c", "d", None, None]


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
        if module is None:
            refused[name] = project.unreadable[name]
            continue
        assert packed(module.ir) == module.ir, name
        for function in range(len(module.ir.functions)):
            build_graph(Function(module, function))
    forget_keys()
    assert all(reason.startswith("does not parse: ") for reason in refused.values())
    assert project.parsed == len(files) - len(refused) and len(refused) < 20
