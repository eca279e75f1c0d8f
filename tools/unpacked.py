"""What the tools that read all unpacked wheels are given on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from contractlint.catalog import toml
from contractlint.drift.wheel import Wheel


def arguments(description: str | None) -> tuple[Path, dict[str, Any], dict[str, Wheel]]:
    """The folder of contracts, its releases.toml, and the wheel of each release named there, from `WHEELS CONTRACTS`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("contracts", type=Path)
    options = parser.parse_args()
    library = toml.loads((options.contracts / "releases.toml").read_text(encoding="utf-8"))
    roots = {r: options.wheels / f"{library['library']}-{r}" for r in library["releases"]}
    missing = [str(root) for root in roots.values() if not root.is_dir()]
    if missing:
        parser.error("not unpacked: " + ", ".join(missing))
    wheels = {r: Wheel(root, library["library"], library["package"], r) for r, root in roots.items()}
    return options.contracts, library, wheels
