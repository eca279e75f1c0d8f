#!/usr/bin/env python3
"""Write results.toml from unpacked wheels: what functions outside of the public face return.

    extract_results.py WHEELS CONTRACTS

WHEELS holds one folder `<distribution>-<release>` per release named in CONTRACTS/releases.toml; CONTRACTS is the folder
of one library (`contracts/flashinfer`), whose signatures.toml is up to date. Kept are functions at the top of a module
that are annotated with a class of which signatures.toml has methods, and that it does not have themselves.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import unpacked

from contractlint.calls.library import is_class_name
from contractlint.catalog import toml
from contractlint.drift.wheel import Wheel

SKIPPED = ("data", "tests")

_PLAIN = re.compile(r"(?:Optional\[)?['\"]?[\w.]+['\"]?\]?(?: *\| *None)?")

# Function, annotation as text, line of the definition.
Found = tuple[str, str, int]


def main() -> None:
    contracts, _, wheels = unpacked.arguments(__doc__)
    signatures = toml.loads_flat((contracts / "signatures.toml").read_text(encoding="utf-8"))
    text = results_toml(list(wheels.values()), signatures)
    (contracts / "results.toml").write_text(text, encoding="utf-8")


def results_toml(wheels: list[Wheel], signatures: dict[str, dict[str, list[str]]]) -> str:
    """The annotated results of hidden functions, newest release last: the last place where each was seen is kept."""
    public = set(signatures).union(*(table.get("names", ()) for table in signatures.values()))
    classes = {name.split(".")[-2] for name in public if is_class_name(name.rpartition(".")[0])}
    wanted = re.compile(rf"->[^\n:]*\b(?:{'|'.join(sorted(classes))})\b")
    seen: dict[str, tuple[str, str, str, str]] = {}
    parsed: dict[bytes, tuple[Found, ...]] = {}
    for wheel in wheels:
        for name, returns, at in _read(wheel, wanted, classes, parsed):
            if name not in public:
                first = seen[name][2] if name in seen else wheel.release
                seen[name] = returns, at, first, wheel.release
    newest = wheels[-1].release
    out = [
        "# What functions outside of the public face return, where that is an object whose methods are known.",
        "# Written by tools/extract_results.py from the published wheels; do not edit by hand.",
    ]
    for name in sorted(seen):
        returns, at, first, last = seen[name]
        releases = f">={first}" if last == newest else f">={first},<={last}"
        out.append(f"{json.dumps(name)} = {{ returns = {json.dumps(returns)}, at = {json.dumps(at)}, "
                   f"releases = {json.dumps(releases)} }}")  # fmt: skip
    return "\n".join(out) + "\n"


def _read(
    wheel: Wheel, wanted: re.Pattern[str], classes: set[str], parsed: dict[bytes, tuple[Found, ...]]
) -> Iterator[tuple[str, str, str]]:
    """Yield (dotted name, annotation, file:line) of one release."""
    for file in wheel.names:
        relative = PurePosixPath(file).relative_to(wheel.package)
        if relative.suffix != ".py" or set(relative.parts) & set(SKIPPED):
            continue
        content = wheel.read(file) or b""
        key = hashlib.sha256(content).digest()
        if key not in parsed:
            text = content.decode("utf-8", "replace")
            parsed[key] = tuple(_annotated(text, classes)) if wanted.search(text) else ()
        module = [wheel.package, *relative.with_suffix("").parts]
        if module[-1] == "__init__":
            module.pop()
        for function, returns, line in parsed[key]:
            yield ".".join([*module, function]), returns, f"{relative.as_posix()}:{line}"


def _annotated(text: str, classes: set[str]) -> Iterator[Found]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            return
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and statement.returns is not None:
            returns = statement.returns
            shown = str(returns.value) if isinstance(returns, ast.Constant) else ast.unparse(returns)
            if _PLAIN.fullmatch(shown) and classes.intersection(re.findall(r"[A-Za-z_]\w*", shown)):
                yield statement.name, shown, statement.lineno


if __name__ == "__main__":
    main()
