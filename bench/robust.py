"""Puts every Python file of real trees through all that looks into files, and holds it against Python's own parser.

A file is opened as an outline, each of its functions and classes is cut out and parsed alone, the value graph of every function
is built. What comes out must be what `ast.parse` of the whole file says: the same definitions with the same names, places,
headers and bodies. See bench/README.md.
"""

from __future__ import annotations

import argparse
import ast
import marshal
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from bench.engines import WrongArchive, load_engines  # noqa: E402
from contractlint.engine import MAX_RECURSION  # noqa: E402
from contractlint.flow.graph import build_graph  # noqa: E402
from contractlint.flow.nodes import forget_keys  # noqa: E402
from contractlint.index.build import StatementBuilder  # noqa: E402
from contractlint.index.module import ModuleIR  # noqa: E402
from contractlint.index.project import Class, Function, Module, Project  # noqa: E402
from contractlint.index.reading import parse  # noqa: E402
from contractlint.index.store import ModuleStore  # noqa: E402
from contractlint.sources import SourceError  # noqa: E402

TREES = ("vllm==0.19.1", "vllm==0.33.0", "sglang==0.5.10", "sglang==0.5.23")
CPYTHON = "cpython"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class OneFile:
    """A tree of one file."""

    name: str
    source: bytes

    @property
    def files(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, name: str) -> bytes:
        return self.source


@dataclass(slots=True)
class Counts:
    """What was put through, and what went wrong."""

    files: int = 0
    refused: int = 0
    functions: int = 0
    classes: int = 0
    problems: list[str] = field(default_factory=list)


def _expected(tree: ast.Module) -> list[tuple[Definition, str, int, int]]:
    """All definitions of a file in the order of their lines, with qualified names, owning class and enclosing function."""
    found: list[tuple[Definition, str, Definition | None, Definition | None]] = []
    pending: list[tuple[ast.AST, str, Definition | None, Definition | None]] = [(tree, "", None, None)]
    while pending:
        node, prefix, owner, parent = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Definition):
                found.append((child, prefix + child.name, owner, parent))
                inside = (child, parent) if isinstance(child, ast.ClassDef) else (None, child)
                pending.append((child, f"{prefix}{child.name}.", *inside))
            else:
                pending.append((child, prefix, owner, parent))
    found.sort(key=lambda f: f[0].lineno)
    number: dict[int, int] = {}
    functions, classes = 1, 0
    for node, *_ in found:
        if isinstance(node, ast.ClassDef):
            number[id(node)], classes = classes, classes + 1
        else:
            number[id(node)], functions = functions, functions + 1
    return [
        (node, name, -1 if owner is None else number[id(owner)], -1 if parent is None else number[id(parent)])
        for node, name, owner, parent in found
    ]


def differences(source: bytes, tree: ast.Module, module: ModuleIR) -> Iterator[str]:
    """What a module says otherwise than the parsed file."""
    expected = _expected(tree)
    functions = [(n, q, o, p) for n, q, o, p in expected if not isinstance(n, ast.ClassDef)]
    classes = [(n, q, o, p) for n, q, o, p in expected if isinstance(n, ast.ClassDef)]
    said = [(f.qualname, f.line, f.owner, f.parent) for f in module.functions[1:]]
    meant = [(name, n.lineno, owner, parent) for n, name, owner, parent in functions]
    said_classes = [(c.qualname, c.line, c.parent) for c in module.classes]
    meant_classes = [(name, n.lineno, parent) for n, name, _, parent in classes]
    if said != meant or said_classes != meant_classes:
        wrong = [*(set(said) ^ set(meant)), *(set(said_classes) ^ set(meant_classes))]
        yield f"definitions {sorted(wrong, key=lambda w: w[1])[:4]}, or their order"
        return
    functions_at = {n.lineno: i for i, (n, *_) in enumerate(functions, 1)}
    numbers = {**functions_at, **{n.lineno: i for i, (n, *_) in enumerate(classes)}}
    builder = StatementBuilder(module.package, 0, numbers.get)
    if marshal.dumps(module.functions[0].body) != marshal.dumps(marshal.loads(marshal.dumps(builder.block(tree.body)))):
        yield "the body of the module"
    for function, (node, *_) in zip(module.functions[1:], functions, strict=True):
        header = (function.params, function.decorators, function.returns)
        if header != builder.header(node):
            yield f"the header of {function.qualname} (line {function.line})"
        if function.body != builder.block(node.body):
            yield f"the body of {function.qualname} (line {function.line})"
        if function.end_line != node.end_lineno:
            yield f"the last line of {function.qualname} (line {function.line}): {function.end_line}, {node.end_lineno}"
    for cls, (cls_node, *_) in zip(module.classes, classes, strict=True):
        parts = builder.class_(cls_node, lambda number: module.functions[number].name)
        if (cls.bases, cls.decorators, cls.body, cls.fields) != (*parts[:3], parts.fields):
            yield f"the class {cls.qualname} (line {cls.line})"
        if cls.methods != parts.methods:
            yield f"the methods of {cls.qualname} (line {cls.line})"
    yield from _imports(tree, module, functions_at)


def _imports(tree: ast.Module, module: ModuleIR, functions_at: dict[int, int]) -> Iterator[str]:
    builder = StatementBuilder(module.package, 0, lambda line: None)
    meant: list[tuple[int, int, object]] = []
    pending: list[tuple[ast.AST, int]] = [(tree, 0)]
    while pending:
        node, around = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                built = builder.block([child])[0]
                if built[0] == "import":
                    meant += [(child.lineno, around, name) for name in built[2]]
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            pending.append((child, functions_at[child.lineno] if is_function else around))  # type: ignore[attr-defined]
    expected = [(around, name) for _, around, name in sorted(meant, key=lambda m: m[:2])]
    said = module.imports()
    if sorted(said, key=repr) != sorted(expected, key=repr):
        missed, more = [e for e in expected if e not in said], [s for s in said if s not in expected]
        yield f"imports: missed {missed[:3]}, too many {more[:3]}"


def put_through(name: str, source: bytes, counts: Counts) -> None:
    """One file through everything."""
    counts.files += 1
    try:
        tree: ast.Module | None = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    try:
        project = Project(OneFile("f.py", source), ModuleStore())
        module = project.module_at(0)
        if tree is not None:
            counts.problems += [f"{name}: {problem}" for problem in differences(source, tree, module.ir)]
        _graphs(module)
        counts.functions += len(module.ir.functions) - 1
        counts.classes += len(module.ir.classes)
        refused = module.ir.verify() is None
    except Exception as error:
        counts.problems.append(f"{name}: {type(error).__name__}: {error}")
        return
    finally:
        forget_keys()
    counts.refused += refused
    if refused != (tree is None):
        counts.problems.append(
            f"{name}: {'refused' if refused else 'taken'}, other than by Python: {module.ir.trouble}"
        )


def _graphs(module: Module) -> None:
    for number in range(len(module.ir.functions)):
        build_graph(Function(module, number))
    for number in range(len(module.ir.classes)):
        Class(module, number).ir.body  # noqa: B018
    _ = module.bindings


def _files(spec: str) -> tuple[Path, list[Path]]:
    if spec == CPYTHON:
        root = Path(sysconfig.get_path("stdlib")) / "test"
    elif Path(spec).is_dir():
        root = Path(spec)
    else:
        root = load_engines()[spec].fetch().root
    return root, sorted(path for path in root.rglob("*.py") if path.is_file())


def measure(spec: str, show: int) -> Counts:
    """Every file of one tree, hidden folders and tests included."""
    root, files = _files(spec)
    counts = Counts()
    for path in files:
        put_through(path.relative_to(root).as_posix(), path.read_bytes(), counts)
    for problem in counts.problems[:show]:
        print(f"  {spec}: {problem}", file=sys.stderr)
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    """Put what the command line names through; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.robust", description=__doc__)
    parser.add_argument(
        "trees",
        nargs="*",
        metavar="TREE",
        help=f"NAME==VERSION, a folder, or {CPYTHON}; default: {', '.join(TREES)}, {CPYTHON}",
    )
    parser.add_argument("--show", type=int, default=40, help="print so many problems of each tree (default: 40)")
    options = parser.parse_args(arguments)
    recursion = sys.getrecursionlimit()
    sys.setrecursionlimit(max(recursion, MAX_RECURSION))
    print("| tree | files | not Python | functions | classes | problems | CPU s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    wrong = 0
    try:
        for spec in options.trees or (*TREES, CPYTHON):
            started = time.process_time()
            try:
                c = measure(spec, options.show)
            except (WrongArchive, SourceError, KeyError) as problem:
                print(problem, file=sys.stderr)
                return 2
            wrong += len(c.problems)
            numbers = (c.files, c.refused, c.functions, c.classes, len(c.problems))
            spent = time.process_time() - started
            print(f"| {spec} | " + " | ".join(f"{n:,}" for n in numbers) + f" | {spent:.0f} |", flush=True)
    finally:
        sys.setrecursionlimit(recursion)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
