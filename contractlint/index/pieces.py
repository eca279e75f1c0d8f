"""Functions and classes of a file: known by their outline, parsed when more is asked."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

from contractlint.index.build import ClassParts, Field, FunctionParts
from contractlint.index.ir import Expr, ParamIR, Stmt

if TYPE_CHECKING:
    from contractlint.index.module import ModuleIR


class FunctionIR:
    """One function; number 0 is the body of the module.

    `owner` is the number of its class, `parent` of its enclosing function, each -1 when there is none.
    """

    __slots__ = ("_header", "_module", "known", "line", "name", "number", "owner", "parent", "qualname")

    def __init__(
        self, module: ModuleIR, number: int, name: str, qualname: str, line: int, owner: int, parent: int
    ) -> None:
        self._module, self.number = module, number
        self.name, self.qualname, self.line, self.owner, self.parent = name, qualname, line, owner, parent
        self._header: tuple[tuple[ParamIR, ...], tuple[Expr, ...], Expr | None] | None = None
        self.known: FunctionParts | None = None

    @property
    def params(self) -> tuple[ParamIR, ...]:
        return self._head()[0]

    @property
    def decorators(self) -> tuple[Expr, ...]:
        return self._head()[1]

    @property
    def returns(self) -> Expr | None:
        return self._head()[2]

    @property
    def end_line(self) -> int:
        return self._module.end_line(self.number)

    @property
    def body(self) -> tuple[Stmt, ...]:
        """The statements, loaded anew at every call: most are looked at once, and tuples take ten times the memory."""
        return marshal.loads(self._whole().code)  # type: ignore[no-any-return]

    @property
    def calls_when_defined(self) -> bool:
        """Whether its decorators or defaults can call something, told without parsing them."""
        return self._module.header_text(self.number).count(b"(") > 1

    def decorated(self, *names: str) -> bool:
        """Whether one of the decorators ends in one of these names."""
        text = self._module.decorators_text(self.number)
        if not text or not any(name.encode() in text for name in names):
            return False
        for decorator in self.decorators:
            expr = decorator[2] if decorator[0] == "call" else decorator
            if (expr[3] if expr[0] == "attr" else expr[2] if expr[0] == "name" else "") in names:
                return True
        return False

    def _head(self) -> tuple[tuple[ParamIR, ...], tuple[Expr, ...], Expr | None]:
        if self._header is None:
            self._header = self.known[:3] if self.known is not None else self._module.header(self.number)
        return self._header

    def _whole(self) -> FunctionParts:
        if self.known is None:
            self.known = self._module.function_parts(self.number)
            self._header = self.known[:3]
        return self.known


class ClassIR:
    """One class. `methods` maps a name to a function's number; `fields` are annotated names with their defaults."""

    __slots__ = ("_methods", "_module", "known", "line", "name", "number", "parent", "qualname")

    def __init__(self, module: ModuleIR, number: int, name: str, qualname: str, line: int, parent: int) -> None:
        self._module, self.number = module, number
        self.name, self.qualname, self.line, self.parent = name, qualname, line, parent
        self.known: ClassParts | None = None
        self._methods: dict[str, int] | None = None

    @property
    def bases(self) -> tuple[Expr, ...]:
        return self._whole().bases

    @property
    def header_words(self) -> set[str]:
        """The names in the line that opens it, told without parsing anything."""
        return self._module.header_words(self.number)

    @property
    def decorators(self) -> tuple[Expr, ...]:
        return self._whole().decorators

    @property
    def body(self) -> tuple[Stmt, ...]:
        return self._whole().body

    @property
    def methods(self) -> dict[str, int]:
        if self._methods is None:
            self._methods = self._module.plain_methods(self.number) if self.known is None else self.known.methods
            if self._methods is None:
                self._methods = self._whole().methods
        return self._methods

    @property
    def fields(self) -> tuple[Field, ...]:
        return self._whole().fields

    def _whole(self) -> ClassParts:
        if self.known is None:
            self.known = self._module.class_parts(self.number)
        return self.known
