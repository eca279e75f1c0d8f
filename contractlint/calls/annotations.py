"""What annotations say of the objects that a name holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.calls.containers import boxed
from contractlint.calls.referents import NOTHING, Cls, Inst, Lib, Obj, Referents
from contractlint.index.ir import Expr, dotted
from contractlint.index.project import Function

if TYPE_CHECKING:
    from contractlint.calls.resolve import Resolver

_EITHER = frozenset(["Optional", "Union", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "Awaitable"])
_MANY = frozenset(
    [
        "list",
        "List",
        "Sequence",
        "tuple",
        "Tuple",
        "set",
        "Set",
        "Iterable",
        "Iterator",
        "Generator",
        "deque",
        "Collection",
    ]
)
_MAPPINGS = frozenset(["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"])
_TYPES = frozenset(["type", "Type"])


class Annotations:
    """Reads annotations, in the names of the function that holds them."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._returned: dict[tuple[str, int], Referents] = {}

    def returned(self, fn: Function) -> Referents:
        """What a function says that it returns."""
        if fn.ir.returns is None:
            return NOTHING
        key = (fn.file, fn.index)
        known = self._returned.get(key)
        if known is None:
            self._returned[key] = NOTHING
            known = self._returned[key] = self.values(fn, fn.ir.returns)
        return known

    def values(self, fn: Function, annotation: Expr, depth: int = 0) -> Referents:
        """The objects that an annotation allows, where it names classes."""
        kind = annotation[0]
        if depth > 6:
            return NOTHING
        if kind == "bin" and annotation[2] == "|":
            return self.values(fn, annotation[3], depth + 1) | self.values(fn, annotation[4], depth + 1)
        if kind == "sub":
            return self._generic(fn, annotation, depth)
        if kind == "const":
            return NOTHING
        return self._objects(self.references(fn, annotation, depth), fn, depth)

    def _generic(self, fn: Function, annotation: Expr, depth: int) -> Referents:
        head = (dotted(annotation[2]) or "").rpartition(".")[2]
        inner = annotation[3][2] if annotation[3][0] == "tuple" else (annotation[3],)
        if head in _EITHER:
            return NOTHING.union(*(self.values(fn, part, depth + 1) for part in inner))
        if head in _MANY:
            return boxed(NOTHING.union(*(self.values(fn, part, depth + 1) for part in inner)))
        if head in _MAPPINGS:
            return boxed(self.values(fn, inner[-1], depth + 1)) if len(inner) == 2 else NOTHING
        if head in _TYPES:
            return self.references(fn, inner[0], depth + 1)
        return self.values(fn, annotation[2], depth + 1)

    def _objects(self, references: Referents, fn: Function, depth: int) -> Referents:
        out = NOTHING
        for value in references:
            if isinstance(value, Cls):
                out |= {Inst(value.cls)}
            elif isinstance(value, Lib) and self._resolver.library.is_class(value.name):
                out |= {Obj(value.name)}
        return out

    def references(self, fn: Function, expr: Expr, depth: int = 0) -> Referents:
        """The classes that a plain name in an annotation means; an alias (`X = A | B`) means what it stands for."""
        if expr[0] == "attr":
            bases = self.references(fn, expr[2], depth)
            return NOTHING.union(*(self._resolver.members.of(value, expr[3]) for value in bases))
        if expr[0] != "name" or expr[2] in ("None", "Any", "object", "int", "str", "bool", "float"):
            return NOTHING
        name = expr[2]
        holder: Function | None = fn
        while holder is not None and holder.index:
            for local, module, attribute in holder.module.ir.imports_of(holder.index):
                if local == name:
                    return self._resolver.imported(module, attribute)
            holder = holder.parent
        out = NOTHING
        for binding in fn.module.bindings.get(name, ()):
            if (
                binding.kind == "value"
                and binding.value is not None
                and binding.value[0] in ("bin", "sub")
                and depth < 4
            ):
                objects = self.values(Function(fn.module, 0), binding.value, depth + 2)
                out |= frozenset(
                    Cls(v.cls) if isinstance(v, Inst) else Lib(v.cls) for v in objects if isinstance(v, Inst | Obj)
                )
        return out or self._resolver.named(fn.module, name)
