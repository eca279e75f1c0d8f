"""What changed in a signature for those who call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contractlint.catalog.signatures import render
from contractlint.drift.changes import Change, Kind
from contractlint.model.contract import Parameter, Signature

_HOW = {
    "positional": "positional",
    "keyword": "by keyword only",
    "var_positional": "any number of positional arguments",
    "var_keyword": "any keywords",
}


def signature_changes(name: str, before: Signature, after: Signature) -> Iterator[Change]:
    """Yield what changes for callers of an entry point between two of its signatures; annotations do not count."""
    yield from parameter_changes(name, before.parameters, after.parameters)
    if before.returns != after.returns:
        old, new = before.returns or "not annotated", after.returns or "not annotated"
        yield Change(Kind.RETURNS, (name,), before=old, after=new)


def parameter_changes(name: str, before: Sequence[Parameter], after: Sequence[Parameter]) -> Iterator[Change]:
    """Yield what changes between two lists of parameters."""
    old = {parameter.name: parameter for parameter in before}
    new = {parameter.name: parameter for parameter in after}
    yield from _shifts(name, before, after)
    for key, parameter in old.items():
        if key not in new:
            yield Change(Kind.PARAMETER_REMOVED, (name,), key, before=render(parameter))
    for key, parameter in new.items():
        was = old.get(key)
        if was is None:
            kind = Kind.NOW_REQUIRED if parameter.required else Kind.PARAMETER_ADDED
            how = "by keyword only" if parameter.kind == "keyword" else ""
            yield Change(kind, (name,), key, after=render(parameter), detail=how)
            continue
        if was.kind != parameter.kind:
            yield Change(Kind.KIND_CHANGED, (name,), key, before=_HOW[was.kind], after=_HOW[parameter.kind])
        if parameter.required and not was.required:
            yield Change(Kind.NOW_REQUIRED, (name,), key, before=f"default {was.default}", after="no default")
        elif was.default != parameter.default:
            old_default = f"default {was.default}" if was.default is not None else "no default"
            yield Change(Kind.DEFAULT, (name,), key, before=old_default, after=f"default {parameter.default}")


def _shifts(name: str, before: Sequence[Parameter], after: Sequence[Parameter]) -> Iterator[Change]:
    """Yield one change where a positional argument of an old call lands on another parameter: the first such place."""
    old = [parameter.name for parameter in before if parameter.kind == "positional"]
    new = [parameter.name for parameter in after if parameter.kind == "positional"]
    for index, key in enumerate(old):
        if index < len(new) and new[index] == key:
            continue
        if index >= len(new):
            return  # too many positional arguments: Python says so
        moved = [other for other in old[index:] if other in new and new.index(other) != old.index(other)]
        inserted = [other for other in new if other not in old and any(new.index(other) < new.index(m) for m in moved)]
        gone = [other for other in old if other not in new]
        why = [f"{', '.join(inserted)} inserted"] if inserted else []
        why += [f"{', '.join(gone)} removed"] if gone else []
        detail = f"{'; '.join(why) or 'parameters reordered'}; moved: {_some(moved)}"
        yield Change(Kind.SHIFTED, (name,), new[index], before=key, after=new[index], detail=detail)
        return


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown or "nothing else"
