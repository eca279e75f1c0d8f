"""What a project consists of: modules, functions and classes, one object for each, and what names can refer to beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contractlint.index.ir import Expr, Stmt
from contractlint.index.module import ModuleIR
from contractlint.index.pieces import ClassIR, FunctionIR

if TYPE_CHECKING:
    from contractlint.index.project import Project


@dataclass(frozen=True, slots=True)
class Binding:
    """What one statement binds a module-level name to. `kind` is `import`, `def`, `class` or `value`."""

    kind: str
    line: int
    module: str = ""
    attribute: str | None = None
    index: int = -1
    value: Expr | None = None
    annotation: Expr | None = None


@dataclass(eq=False, slots=True)
class Module:
    """One file of the project."""

    file: str
    name: str
    is_test: bool
    ir: ModuleIR
    project: Project
    _bindings: dict[str, list[Binding]] | None = None
    stars: list[str] = field(default_factory=list)
    functions: dict[int, Function] = field(default_factory=dict)
    classes: dict[int, Class] = field(default_factory=dict)

    @property
    def bindings(self) -> dict[str, list[Binding]]:
        if self._bindings is None:
            self._bindings = {}
            self._bind(self.ir.functions[0].body, self._bindings)
        return self._bindings

    def _bind(self, body: Iterable[Stmt], out: dict[str, list[Binding]]) -> None:
        for stmt in body:
            kind, line = stmt[0], stmt[1]
            if kind == "import":
                for local, module, attribute in stmt[2]:
                    out.setdefault(local, []).append(Binding("import", line, module, attribute))
            elif kind == "star":
                self.stars.append(stmt[2])
            elif kind == "def":
                name = self.ir.functions[stmt[2]].name
                out.setdefault(name, []).append(Binding("def", line, index=stmt[2]))
            elif kind == "class":
                name = self.ir.classes[stmt[2]].name
                out.setdefault(name, []).append(Binding("class", line, index=stmt[2]))
            elif kind == "assign":
                for target in stmt[2]:
                    if target[0] == "name":
                        out.setdefault(target[2], []).append(Binding("value", line, value=stmt[3]))
            elif kind == "ann" and stmt[2][0] == "name" and stmt[4] is not None:
                out.setdefault(stmt[2][2], []).append(Binding("value", line, value=stmt[4], annotation=stmt[3]))
            else:
                for inner in _blocks(stmt):
                    self._bind(inner, out)


def _blocks(stmt: Stmt) -> Iterator[tuple[Stmt, ...]]:
    kind = stmt[0]
    if kind in ("if", "while"):
        yield from (stmt[3], stmt[4])
    elif kind == "try":
        yield stmt[2]
        yield from (handler[2] for handler in stmt[3])
        yield from (stmt[4], stmt[5])
    elif kind == "with":
        yield stmt[3]
    elif kind == "for":
        yield from (stmt[4], stmt[5])


class Function:
    """A function of the project. There is one object for each, so that two are equal when they are the same."""

    __slots__ = ("file", "index", "ir", "is_method", "module", "owner", "parent", "scope")

    module: Module
    index: int
    ir: FunctionIR
    file: str
    owner: Class | None  # the class whose body defines it
    parent: Function | None  # the function whose body defines it
    is_method: bool  # whether the first parameter receives the instance or the class
    scope: tuple[str, str]  # the file and the class (or function) that it belongs to

    def __new__(cls, module: Module, index: int) -> Function:
        known = module.functions.get(index)
        if known is None:
            known = module.functions[index] = super().__new__(cls)
            known.module, known.index, known.file = module, index, module.file
            known.ir = ir = module.ir.functions[index]
            known.owner = Class(module, ir.owner) if ir.owner >= 0 else None
            known.parent = Function(module, ir.parent) if ir.parent >= 0 else None
            known.is_method = known.owner is not None and not known.decorated("staticmethod")
            known.scope = (module.file, ir.qualname if known.owner is None else known.owner.qualname)
        return known

    @property
    def name(self) -> str:
        return self.ir.name

    @property
    def qualname(self) -> str:
        return self.ir.qualname

    def decorated(self, *names: str) -> bool:
        """Whether one of the decorators ends in one of these names."""
        return self.ir.decorated(*names)

    def __repr__(self) -> str:
        return f"<Function {self.module.name}:{self.qualname}>"


class Class:
    """A class of the project, one object for each."""

    __slots__ = ("index", "ir", "module", "qualname")

    module: Module
    index: int
    ir: ClassIR
    qualname: str

    def __new__(cls, module: Module, index: int) -> Class:
        known = module.classes.get(index)
        if known is None:
            known = module.classes[index] = super().__new__(cls)
            known.module, known.index = module, index
            known.ir = module.ir.classes[index]
            known.qualname = known.ir.qualname
        return known

    @property
    def name(self) -> str:
        return self.ir.name

    def method(self, name: str) -> Function | None:
        index = self.ir.methods.get(name)
        return None if index is None else Function(self.module, index)

    def __repr__(self) -> str:
        return f"<Class {self.module.name}:{self.qualname}>"


@dataclass(frozen=True, slots=True)
class External:
    """Something that the project imports from elsewhere, by its dotted name (`torch.empty`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A module-level name bound to an expression."""

    module: Module
    expr: Expr
    line: int


@dataclass(frozen=True, slots=True)
class Package:
    """A module or package of the project, named by an import."""

    name: str


Reference = Function | Class | External | Value | Package
