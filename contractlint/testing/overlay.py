"""Fake kernels over the installed library: its own modules, names and signatures, and references behind them.

The code inside each entry point that has a reference is exchanged, so whoever holds the function gets the fake: aliases,
early imports, tables, subclasses. What has no reference stays as it is, and fails without a GPU in the library's own words.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from contractlint.catalog import load_catalog
from contractlint.catalog.catalog import Catalog
from contractlint.swap import Swapped, compile_like, swapped
from contractlint.testing.answers import Answers
from contractlint.testing.call import Settings
from contractlint.testing.errors import NotInstalled
from contractlint.testing.package import loaded


class Fakes:
    """Fakes over an installed release. `faked` are the entry points that compute; `missing` those that are not loaded."""

    def __init__(self, catalog: Catalog, library: str, settings: Settings) -> None:
        self.package = catalog.package(library)
        self.release = _import(self.package)
        self._answers = Answers(catalog.at(library, self.release), self.package, settings)
        self._swapped: list[Swapped] = []
        self._bound: list[tuple[types.ModuleType, str, object]] = []
        self.faked: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()

    def install(self) -> Fakes:
        """Put the fakes behind the library's functions."""
        faked = {entry: self._fake(entry) for entry in self._answers.computed}
        self.faked = tuple(entry for entry, hit in faked.items() if hit)
        self.missing = tuple(entry for entry, hit in faked.items() if not hit)
        return self

    def uninstall(self) -> None:
        """Give every function its own code back."""
        while self._swapped:
            self._swapped.pop().restore_body()
        while self._bound:
            module, name, value = self._bound.pop()
            setattr(module, name, value)

    def _fake(self, entry: str) -> bool:
        hit = False
        for path in self._answers.view.entry_points[entry].names:
            found = _lookup(path)
            if isinstance(found, staticmethod | classmethod):
                found = found.__func__
            if isinstance(found, type):
                found = vars(found).get("__init__")
            if isinstance(found, types.FunctionType):
                self._exchange(entry, swapped(found), path)
                hit = True
            elif callable(found) and hasattr(found, "cache_info"):  # no function: the names that hold it are bound anew
                self._rebind(entry, found)
                hit = True
        return hit

    def _exchange(self, entry: str, one: Swapped, path: str) -> None:
        if one in self._swapped:
            return
        name = f"_contractlint_fake_{len(self._swapped)}"
        is_method = any(part[:1].isupper() for part in path.split("."))
        answer = self._answer(entry, inspect.signature(one.function), is_method)
        one.replace_body(compile_like(one.own, _source(one.own, name)), {name: answer})
        self._swapped.append(one)

    def _rebind(self, entry: str, found: object) -> None:
        answer = self._answer(entry, inspect.signature(found), False)  # type: ignore[arg-type]
        for module in [sys.modules[name] for name in loaded(self.package)]:
            for name in [name for name, value in vars(module).items() if value is found]:
                self._bound.append((module, name, found))
                setattr(module, name, answer)

    def _answer(self, entry: str, signature: inspect.Signature, is_method: bool) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            owner = args[0] if is_method else None
            known = {name: value for name, value in kwargs.items() if name in signature.parameters or _open(signature)}
            bound = signature.bind(
                *args, **known
            )  # a decorator's own keywords (skip_check) are no arguments of the kernel
            bound.apply_defaults()
            arguments = dict(bound.arguments)
            if is_method:
                arguments.pop(next(iter(arguments)))
            return self._answers.called(entry, owner, arguments)

        return answer


def _open(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def _source(code: types.CodeType, answer: str) -> str:
    """A `def` with the formals of some code; defaults are the function's own, and stay there."""
    names = list(code.co_varnames)
    split, count = code.co_posonlyargcount, code.co_argcount
    positional, only = names[:count], names[count : count + code.co_kwonlyargcount]
    rest = names[count + code.co_kwonlyargcount :]
    star = f"*{rest.pop(0)}" if code.co_flags & inspect.CO_VARARGS else ""
    double = f"**{rest.pop(0)}" if code.co_flags & inspect.CO_VARKEYWORDS else ""
    formals = [*positional[:split], *(["/"] if split else []), *positional[split:]]
    formals += [star or "*"] if star or only else []
    formals += [*only, *([double] if double else [])]
    actuals = [*positional, *([star] if star else []), *(f"{n}={n}" for n in only), *([double] if double else [])]
    return f"def f({', '.join(formals)}):\n    return {answer}({', '.join(actuals)})\n"


def _lookup(path: str) -> object:
    """What a dotted name is among loaded modules, None when it is not there; a class gives what it holds itself."""
    parts = path.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        found: object = sys.modules.get(".".join(parts[:depth]))
        if found is not None:
            for part in parts[depth:]:
                found = vars(found).get(part) if isinstance(found, types.ModuleType | type) else None
            return found
    return None


def _import(package: str) -> str:
    """Import the library; its release."""
    try:
        module = importlib.import_module(package)
    except ImportError as problem:
        raise NotInstalled(
            f"{package} cannot be imported here ({problem}); `standin` needs no installed library"
        ) from None
    release = getattr(module, "__version__", "")
    if "_standin_release" in vars(module):
        raise NotInstalled(f"a stand-in is in the place of {package}; fakes go over the installed library")
    return str(release)


def install_fakes(
    *,
    library: str = "flashinfer-python",
    misread: bool = False,
    checks: bool = True,
    capability: tuple[int, int] = (10, 0),
    catalog: Catalog | None = None,
) -> Fakes:
    """Put fakes behind the installed library's entry points, until `uninstall` of what is returned. Arguments as `install`.

    Raises:
        NotInstalled: the library cannot be imported.
        UnknownRelease: the contracts do not know the installed release.
    """
    settings = Settings(misread=misread, checks=checks, capability=capability)
    return Fakes(catalog or load_catalog(), library, settings).install()


@contextmanager
def fakes(**options: Any) -> Iterator[Fakes]:
    """Fakes over the installed library for the length of a `with` block. Options are those of `install_fakes`."""
    installed = install_fakes(**options)
    try:
        yield installed
    finally:
        installed.uninstall()
