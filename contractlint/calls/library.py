"""What finding call sites needs to know of a kernel library: its names, and what calling them gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from contractlint.torch_semantics import method_rule

_NAME = re.compile(r"[A-Za-z_]\w*")
# Attributes that every function object has; reading one leads away from the library.
_OF_FUNCTIONS = frozenset(
    ["cache_clear", "cache_info", "cache_parameters", "__name__", "__doc__", "__wrapped__", "__module__", "__code__"]
)


class Library:
    """A kernel library.

    `import_name` is its top-level package; `canonical` maps any import path of an entry point to its canonical name;
    `names` are all import paths, `entries` the canonical ones; `files` are those of its package that define entry points;
    `short_names` are the last parts that alone suggest an entry point, mapped to a canonical name; `returns` gives the
    annotated result of an entry point, or of a function outside of the public face, as text.
    """

    def __init__(
        self,
        import_name: str,
        canonical: Callable[[str], str | None],
        names: Callable[[], Iterable[str]],
        entries: Callable[[], Iterable[str]],
        files: Callable[[], Iterable[str]],
        short_names: Mapping[str, str],
        returns: Callable[[str], str],
    ) -> None:
        self.import_name = import_name
        self.canonical = canonical
        self.short_names = short_names
        self._names = names
        self._entries = entries
        self._files = files
        self._returns = returns
        self._prefix = f"{import_name}."
        self._imported: set[str] = set()

    def covers(self, dotted: str) -> bool:
        """Whether a dotted name lies in the library, or is an entry point wherever it lies."""
        inside = dotted == self.import_name or dotted.startswith(self._prefix)
        return (inside and not self.is_scattered) or self.canonical(dotted) is not None

    @cached_property
    def is_scattered(self) -> bool:
        """Whether the entry points are a few names under a package that is much else besides (`torch.ops`)."""
        return all(name.startswith("torch.") for name in self._names())

    @cached_property
    def last_parts(self) -> frozenset[str]:
        """The last parts of all entry points."""
        return frozenset(name.rpartition(".")[2] for name in self._names())

    @cached_property
    def last_parts_elsewhere(self) -> frozenset[str]:
        """The last parts of entry points that do not lie in the library's own package."""
        return frozenset(name.rpartition(".")[2] for name in self._names() if not name.startswith(self._prefix))

    @cached_property
    def modules(self) -> frozenset[str]:
        """Modules of the library, as far as names of entry points tell."""
        found = {self.import_name}
        for file in self._files():
            found.add(f"{self.import_name}.{file.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}")
        for name in self._names():
            owner = name.rpartition(".")[0]
            while owner and owner not in found:
                if not is_class_name(owner):
                    found.add(owner)
                owner = owner.rpartition(".")[0]
        return frozenset(found)

    @cached_property
    def classes(self) -> Mapping[str, str]:
        """Short name of each class → its shortest path; a name that two classes have is left out."""
        paths: dict[str, str] = {}
        homes: dict[str, set[str]] = {}
        for name in self._names():
            owner, _, _ = name.rpartition(".")
            cls = owner if is_class_name(owner) else name if is_class_name(name) else ""
            if cls:
                short = cls.rpartition(".")[2]
                known = paths.get(short)
                if known is None or (cls.count("."), cls) < (known.count("."), known):
                    paths[short] = cls
                homes.setdefault(short, set()).add(cls)
        return paths

    @cached_property
    def packages(self) -> frozenset[str]:
        """The top-level parts of the library in which entry points have their home."""
        return frozenset(".".join(name.split(".")[:2]) for name in self._entries())

    def tracked(self, spelled: str) -> bool:
        """Whether the catalog follows the part of the library in which a name lies from release to release."""
        parts = spelled.removesuffix(".__init__").split(".")
        deep = len(parts) > (4 if len(parts) > 1 and is_class_name(parts[-2]) else 3)
        return not deep and ".".join(parts[:2]) in self.packages

    @cached_property
    def described(self) -> frozenset[str]:
        """Classes of which the methods are known."""
        return frozenset(n.rpartition(".")[0] for n in self._names() if is_class_name(n.rpartition(".")[0]))

    def saw_module(self, dotted: str) -> None:
        """Remember that the project imports this name as a module."""
        if dotted.startswith(self._prefix):
            self._imported.add(dotted)

    def is_module(self, dotted: str) -> bool:
        return dotted in self._imported or (dotted in self.modules and self.canonical(dotted) is None)

    def is_class(self, dotted: str) -> bool:
        return is_class_name(dotted)

    def member(self, dotted: str, name: str) -> str | None:
        """The dotted name of an attribute of something in the library, None where it leads out of it."""
        full = f"{dotted}.{name}"
        if self.canonical(full) is not None or self.is_module(dotted):
            return full
        if is_class_name(dotted):
            return full
        if name.startswith("_") and not name.startswith("__") and self.canonical(dotted) is None:
            return full  # private functions are called of modules, and few of these are known
        return None  # an attribute of a function, of an object, of something of which nothing is known

    def callable(self, dotted: str) -> bool:
        """Whether calling a name of the library is a call of something in it."""
        if self.canonical(dotted) is not None:
            return True
        last = dotted.rpartition(".")[2]
        constant = last.isupper() or (
            last.startswith("__") and last.endswith("__") and last not in ("__init__", "__call__")
        )
        return not constant and not self.is_module(dotted) and last not in _OF_FUNCTIONS

    def method(self, cls: str, name: str) -> str:
        """The dotted name of a method of an instance, empty where the class has no such method."""
        full = f"{cls}.{name}"
        # What may be a tensor or an object of the library is a tensor where it is used as one.
        if self.canonical(full) is None and method_rule(name) is not None:
            return ""
        return full

    @cached_property
    def methods(self) -> Mapping[str, tuple[str, ...]]:
        """The short names of the classes that are known to have a method, by its name."""
        found: dict[str, set[str]] = {}
        for name in self._names():
            owner, _, last = name.rpartition(".")
            if is_class_name(owner):
                found.setdefault(last, set()).add(owner.rpartition(".")[2])
        return {name: tuple(sorted(owners)) for name, owners in found.items()}

    def of_one_below(self, dotted: str) -> bool:
        """Whether a method, that its class is not known to have, is one of a class named after it: `FastWorkspace`."""
        owner, _, last = dotted.rpartition(".")
        short = owner.rpartition(".")[2]
        named_after = any(o != short and o.endswith(short) for o in self.methods.get(last, ()))
        return is_class_name(owner) and named_after and self.lacks(owner, last)

    def lacks(self, cls: str, name: str) -> bool:
        """Whether a class, of which the methods are known, has none of this name."""
        return self.known_class(cls) and self.canonical(f"{cls}.{name}") is None

    def known_class(self, dotted: str) -> bool:
        """Whether the methods of a class are known."""
        return dotted in self.described

    def returned(self, dotted: str) -> tuple[str, ...]:
        """Classes of the library that calling a name can give an instance of."""
        owner, _, last = dotted.rpartition(".")
        if last == "__init__":
            return ()
        text = self._returns(self.canonical(dotted) or dotted) if self.covers(dotted) else ""
        if is_class_name(dotted) and text in ("", "None"):
            return (dotted,)
        if not text:
            # A class that is asked to make something makes itself, unless somebody says otherwise.
            maker = is_class_name(owner) and last in ("create", "get", "initialize", "build")
            return (owner,) if maker else ()
        if "Self" in text and is_class_name(owner):
            return (owner,)
        found = (self._class_near(name, dotted) for name in _NAME.findall(text) if is_class_name(name))
        # A function that is spelled as a class was one in other releases.
        own = (dotted,) if self.known_class(dotted) else ()
        return tuple(dict.fromkeys((*own, *(name for name in found if name))))

    def _class_near(self, short: str, dotted: str) -> str:
        """The class that an annotation of `dotted` names: one beside it before one elsewhere."""
        owner = dotted
        while owner := owner.rpartition(".")[0]:
            if owner.rpartition(".")[2] == short:
                return owner
            if f"{owner}.{short}" in self.described:
                return f"{owner}.{short}"
        return self.classes.get(short, "")


def is_class_name(dotted: str) -> bool:
    """Whether a name is spelled like that of a class: `B12xMoEWrapper`, `_Runner`, but not `MAX_SIZE`."""
    last = dotted.rpartition(".")[2].lstrip("_")
    return last[:1].isupper() and any(c.islower() for c in last)
