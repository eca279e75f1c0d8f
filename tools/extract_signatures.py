#!/usr/bin/env python3
"""Write signatures.toml and enums.toml from unpacked wheels.

    extract_signatures.py WHEELS CONTRACTS

WHEELS holds one folder `<distribution>-<release>` per release named in CONTRACTS/releases.toml; CONTRACTS is the folder
of one library (`contracts/flashinfer`). Both files record what changes from release to release, and nothing in between.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import unpacked

from contractlint.catalog.signatures import Parsed, apply_steps, changes, parse_signature
from contractlint.drift.api import Callable_, read_public
from contractlint.drift.enums import read_enum
from contractlint.drift.public import INTERNAL, is_public
from contractlint.drift.wheel import Wheel

# The path under which contracts name an entry point, where it is exported there.
HOME = "flashinfer.fused_moe."


def main() -> None:
    contracts, library, wheels = unpacked.arguments(__doc__)
    entries = {release: list(read_public(wheel)) for release, wheel in wheels.items()}
    (contracts / "signatures.toml").write_text(signatures_toml(entries), encoding="utf-8")
    enums_path = contracts / "enums.toml"
    enums_path.write_text(enums_toml(wheels, library["enums"]), encoding="utf-8")


def _rank(name: str, api: bool) -> tuple[bool, bool, int, str]:
    depth = name.count(".") - name.endswith(".__init__")
    return not is_public(name, api), not name.startswith(HOME) or depth > 2, depth, name


def signatures_toml(entries: dict[str, list[Callable_]]) -> str:
    """Join the entry points of all releases by the paths they share, and write what changed when."""
    groups = _join(entries)
    out = [
        "# Signatures of the public callables, by change: the first release in full, then what a release changes.",
        "# Written by tools/extract_signatures.py from the published wheels; do not edit by hand.",
        "# Steps: + added (@ before NAME, @ keyword), - removed, ~ changed in place, -> annotated return,",
        "# at definition, gone.",
    ]
    for name in sorted(groups):
        names, by_release = groups[name]
        out += ["", f"[{_key(name)}]", f"names = {_array(sorted(names - {name}))}"]
        before: Parsed | None = None
        text = ""
        for release in entries:
            entry = by_release.get(release)
            if entry is None:
                if text:
                    out.append(f"{_key(release)} = [{json.dumps('gone')}]")
                before, text = None, ""
            elif entry.signature != text:
                after = parse_signature(entry.signature)
                steps = changes(before, after, entry.signature)
                if apply_steps(before, steps) != after:
                    raise AssertionError(f"steps do not reproduce {name} in {release}")
                out.append(f"{_key(release)} = {_array([f'at {entry.at}', *steps])}")
                before, text = after, entry.signature
    return "\n".join(out) + "\n"


def _join(entries: dict[str, list[Callable_]]) -> dict[str, tuple[set[str], dict[str, Callable_]]]:
    """Group callables over releases: the same path is the same entry point."""
    home: dict[str, int] = {}
    groups: dict[int, tuple[set[str], dict[str, Callable_]]] = {}
    for release in reversed(list(entries)):  # newest first, so that today's paths decide
        for entry in sorted(entries[release], key=lambda e: min(e.names)):
            candidates = {home[name] for name in entry.names if name in home}
            free = [number for number in sorted(candidates) if release not in groups[number][1]]
            number = free[0] if free else len(groups)
            names, by_release = groups.setdefault(number, (set(), {}))
            by_release[release] = entry
            for name in entry.names:
                if home.setdefault(name, number) == number:
                    names.add(name)
    named: dict[str, tuple[set[str], dict[str, Callable_]]] = {}
    for names, by_release in groups.values():
        api = any(entry.api for entry in by_release.values())
        # Of a path inside an internal package only the releases that export it elsewhere are known: too little to go by.
        names = {name for name in names if name.split(".")[1] not in INTERNAL}
        if names:
            named[min(names, key=lambda name: _rank(name, api))] = (names, by_release)
    return named


def enums_toml(wheels: dict[str, Wheel], parameters: dict[str, list[str]]) -> str:
    """Write the members of each enum named in releases.toml, by change."""
    out = [
        "# Members of the enums that arguments hold, by change: a release not named has those of the one before.",
        "# Written by tools/extract_signatures.py from the published wheels; do not edit by hand.",
    ]
    for enum in parameters:
        out += ["", f"[{enum}]"]
        before: dict[str, int] = {}
        for release, wheel in wheels.items():
            at, values = read_enum(wheel, enum)
            if values != before:
                pairs = ", ".join(f"{name} = {value}" for name, value in values.items())
                out.append(f"{_key(release)} = {{ {pairs} }}  # {at}" if values else f"{_key(release)} = {{}}")
                before = values
    return "\n".join(out) + "\n"


def _key(text: str) -> str:
    return json.dumps(text)


def _array(items: list[str]) -> str:
    return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in items) + "]"


if __name__ == "__main__":
    main()
