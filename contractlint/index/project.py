"""A project: its modules by file and by dotted name, loaded when first asked for, and the names that join them."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator

from contractlint.index.ir import Expr
from contractlint.index.objects import Class, External, Function, Module, Package, Reference, Value
from contractlint.index.store import ModuleStore
from contractlint.index.text import SourceTree, TextIndex

__all__ = ["Class", "External", "Function", "Module", "Package", "Project", "Reference", "Value"]


class Project:
    """All files of a tree, with lazily loaded modules and project-wide look-ups by name."""

    def __init__(self, tree: SourceTree, store: ModuleStore, is_test: frozenset[str] = frozenset()) -> None:
        self._unreadable: dict[str, str] = {}
        self.text = TextIndex(tree, self._unreadable)
        self._store = store
        self._tests = is_test
        self._modules: dict[int, Module] = {}
        self._files = {name: i for i, name in enumerate(self.text.files)}
        packages = {f.rpartition("/")[0] for f in self.text.files if f.endswith("__init__.py")}
        self._dotted = [dotted_name(f, packages) for f in self.text.files]
        self._by_name = {name: i for i, name in reversed(list(enumerate(self._dotted)))}
        self._roots = {name.partition(".")[0] for name in self._dotted}
        self._subclasses: dict[Class, list[Class]] = {}
        self._methods: dict[tuple[Class, str], Function | None] = {}
        self._bases: dict[Class, list[Class | External]] = {}
        self._mros: dict[Class, list[Class]] = {}
        self._fields: dict[str, tuple[Class, ...]] = {}
        self._definers: dict[str, tuple[Class, ...]] = {}

    # modules

    @property
    def unreadable(self) -> dict[str, str]:
        """Why files could not be read or parsed, by file."""
        opened = {module.file: module.ir.trouble for module in self._modules.values() if module.ir.trouble}
        return {**self._unreadable, **opened}

    @property
    def parsed(self) -> int:
        """How many files something was parsed of."""
        return sum(module.ir.is_parsed for module in self._modules.values())

    def module_at(self, index: int) -> Module:
        """The module of the file with this index. One that does not parse is empty, and `unreadable` says why."""
        module = self._modules.get(index)
        if module is None:
            file, name = self.text.files[index], self._dotted[index]
            package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
            ir = self._store.load(self.text.source(index), package)
            module = self._modules[index] = Module(file, name, file in self._tests, ir, self)
        return module

    def opened(self) -> Iterator[tuple[int, Module]]:
        """The modules that something was asked of, with the numbers of their files."""
        yield from self._modules.items()

    def module_of_file(self, file: str) -> Module | None:
        index = self._files.get(file)
        return None if index is None else self.module_at(index)

    def module_named(self, dotted: str) -> Module | None:
        index = self._by_name.get(dotted)
        return None if index is None else self.module_at(index)

    def has_package(self, dotted: str) -> bool:
        """Whether a dotted name is a module, or a folder of modules, of this project."""
        if dotted in self._by_name:
            return True
        if dotted.partition(".")[0] not in self._roots:
            return False
        prefix = dotted + "."
        return any(name.startswith(prefix) for name in self._dotted)

    def modules_with(self, name: str, use: str = "word") -> Iterator[Module]:
        """Modules in which a name stands, in the order of the files; `use` as in `TextIndex.files_with`."""
        for index in self.text.files_with(name, use):
            yield self.module_at(index)

    def functions_with(self, use: str, name: str) -> Iterator[Function]:
        """Functions in which a name stands in a use, in the order of the files."""
        for module in self.modules_with(name, use):
            for index in module.ir.using(name, use):
                yield Function(module, index)

    def functions_quoting(self, name: str, among: Iterable[str]) -> Iterator[Function]:
        """Functions in which a name stands in quotes, and that call something of one of the names `among`."""
        quoting = self.text.files_with(name, "strings")
        calling = (
            {index for other in among for index in self.text.files_with_all(((other, "calls"),))} if quoting else ()
        )
        for index in quoting:
            if index in calling:
                module = self.module_at(index)
                callers = {caller for other in among for caller in module.ir.using(other, "calls")}
                for function in module.ir.using(name, "strings"):
                    if function in callers:
                        yield Function(module, function)

    def functions_of(self, use: str, name: str, classes: Iterable[Class]) -> Iterator[Function]:
        """Methods of certain classes in which a name stands in a use."""
        for cls in classes:
            for index in cls.module.ir.using(name, use):
                function = Function(cls.module, index)
                if function.owner is cls:
                    yield function

    # names

    def resolve(self, module: Module, name: str, depth: int = 0) -> list[Reference]:
        """What a module-level name refers to; several when it is bound under guards."""
        found: list[Reference] = []
        for binding in module.bindings.get(name, ()):
            if binding.kind == "import":
                target = binding.module if binding.attribute is None else f"{binding.module}.{binding.attribute}"
                found.extend(self.resolve_dotted(target, depth + 1))
            elif binding.kind == "def":
                found.append(Function(module, binding.index))
            elif binding.kind == "class":
                found.append(Class(module, binding.index))
            elif binding.value is not None:
                found.append(Value(module, binding.value, binding.line))
        if not found and depth < 12:
            for star in module.stars:
                source = self.module_named(star)
                if source is not None and source is not module:
                    found.extend(self.resolve(source, name, depth + 1))
                    if found:
                        break
                elif source is None and star.partition(".")[0] not in self._roots and not hasattr(builtins, name):
                    found.append(External(f"{star}.{name}"))
        return list(dict.fromkeys(found)) if len(found) > 1 else found

    def resolve_dotted(self, dotted: str, depth: int = 0) -> list[Reference]:
        """What an absolute dotted name refers to, followed through re-exports."""
        if depth > 12:
            return []
        if dotted.partition(".")[0] not in self._roots:
            return [External(dotted)]
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            prefix = ".".join(parts[:cut])
            if prefix in self._by_name:
                rest = parts[cut:]
                if not rest:
                    return [Package(prefix)]
                module = self.module_named(prefix)
                return [] if module is None else self._descend(module, rest, depth)
        return [Package(dotted)] if self.has_package(dotted) else []

    def _descend(self, module: Module, rest: list[str], depth: int) -> list[Reference]:
        refs = self.resolve(module, rest[0], depth + 1)
        for part in rest[1:]:
            refs = [r for ref in refs for r in self.member(ref, part, depth + 1)]
        return refs

    def member(self, ref: Reference, name: str, depth: int = 0) -> list[Reference]:
        """What `ref.name` refers to, for references whose members are known without evaluating anything."""
        if isinstance(ref, Package):
            return self.resolve_dotted(f"{ref.name}.{name}", depth)
        if isinstance(ref, External):
            return [External(f"{ref.name}.{name}")]
        if isinstance(ref, Class):
            found = self.find_method(ref, name) or self.find_class(ref, name)
            return [found] if found is not None else []
        return []

    # classes

    def bases(self, cls: Class) -> list[Class | External]:
        """The direct bases that can be resolved; generic subscripts are looked through."""
        if cls not in self._bases:
            self._bases[cls] = found = []
            for base in cls.ir.bases:
                expr = base[2] if base[0] == "sub" else base
                for ref in self.resolve_expr(cls.module, expr):
                    if isinstance(ref, Class | External):
                        found.append(ref)
        return self._bases[cls]

    def resolve_expr(self, module: Module, expr: Expr) -> list[Reference]:
        """What a plain dotted expression at module level refers to."""
        if expr[0] == "name":
            return self.resolve(module, expr[2])
        if expr[0] == "attr":
            return [r for ref in self.resolve_expr(module, expr[2]) for r in self.member(ref, expr[3])]
        return []

    def mro(self, cls: Class) -> list[Class]:
        """The class and its project bases, nearest first (depth-first, duplicates dropped)."""
        known = self._mros.get(cls)
        if known is None:
            known = self._mros[cls] = self._linearise(cls)
        return known

    def _linearise(self, cls: Class) -> list[Class]:
        order: list[Class] = []
        stack = [cls]
        while stack:
            current = stack.pop(0)
            if current not in order:
                order.append(current)
                stack = [b for b in self.bases(current) if isinstance(b, Class)] + stack
        return order

    def external_bases(self, cls: Class) -> set[str]:
        """Dotted names of all bases outside the project."""
        return {b.name for c in self.mro(cls) for b in self.bases(c) if isinstance(b, External)}

    def find_method(self, cls: Class, name: str) -> Function | None:
        """The method that an instance of a class has under a name, its own or inherited."""
        key = (cls, name)
        if key not in self._methods:
            found = (current.method(name) for current in self.mro(cls))
            self._methods[key] = next((method for method in found if method is not None), None)
        return self._methods[key]

    def find_class(self, cls: Class, name: str) -> Class | None:
        """The class that the body of another one, or of one of its bases, defines under a name."""
        for current in self.mro(cls):
            qualname = f"{current.qualname}.{name}"
            for index, inner in enumerate(current.module.ir.classes):
                if inner.qualname == qualname:
                    return Class(current.module, index)
        return None

    def definers(self, method: str) -> tuple[Class, ...]:
        """Classes of the product that define a method of this name."""
        known = self._definers.get(method)
        if known is None:
            known = self._definers[method] = tuple(
                Class(module, index)
                for module in self.modules_with(method, "def")
                if not module.is_test
                for index, cls in enumerate(module.ir.classes)
                if method in cls.methods
            )
        return known

    def classes_with_field(self, name: str) -> tuple[Class, ...]:
        """Classes of the product that declare an annotated field of this name."""
        known = self._fields.get(name)
        if known is None:
            known = self._fields[name] = tuple(
                Class(module, index)
                for module in self.modules_with(name, "field")
                if not module.is_test
                for index in module.ir.classes_declaring(name)
                if any(field[0] == name for field in module.ir.classes[index].fields)
            )
        return known

    def subclasses(self, cls: Class) -> list[Class]:
        """All classes below this one, in file order."""
        if cls not in self._subclasses:
            self._subclasses[cls] = found = []
            pending = [cls]
            while pending:
                base = pending.pop()
                for module in self.modules_with(base.name, "bases"):
                    for index, candidate in enumerate(module.ir.classes):
                        if base.name in candidate.header_words:
                            child = Class(module, index)
                            if base in self.bases(child) and child not in found and child != cls:
                                found.append(child)
                                pending.append(child)
        return self._subclasses[cls]

    def related(self, a: Class, b: Class) -> bool:
        """Whether one of two classes is the other or inherits from it."""
        return a == b or a in self.mro(b) or b in self.mro(a)


def dotted_name(file: str, packages: set[str]) -> str:
    """The dotted module name of a file: it starts at the outermost folder that is a package (`src/x/y.py` → `x.y`)."""
    parts = file[:-3].split("/") if file.endswith(".py") else file.split("/")
    for start in range(len(parts) - 1):
        if "/".join(parts[: start + 1]) in packages:
            parts = parts[start:]
            break
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts) or "__init__"
