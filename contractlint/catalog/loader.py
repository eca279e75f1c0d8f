"""Find contract files and load them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from contractlint.catalog import cache
from contractlint.catalog.catalog import Catalog
from contractlint.catalog.errors import ContractErrors, ContractProblem
from contractlint.catalog.runs import FOLDER, SUFFIX

_NEAR = 2  # kernel runs of a single contract file lie in `evidence` beside it, or beside its folder


def load_catalog(paths: Sequence[Path] = (), *, shipped: bool = True, cache_folder: Path | None = None) -> Catalog:
    """Load the shipped contracts and those under `paths` (files or folders).

    Raises ContractErrors with every problem of every file. Contracts that loaded once are taken from the cache folder
    until a file changes.
    """
    files = list(contract_files(paths, shipped=shipped))
    key = cache.key_of((name, content) for name, _, content in files)
    compiled = cache.load(key, cache_folder)
    if compiled is None:
        from contractlint.catalog.compile import SourceFile, compile_files

        compiled = compile_files([SourceFile(*file) for file in files])
        cache.store(key, compiled, cache_folder)
    return Catalog(compiled, key)


def shipped_folder() -> Path:
    """Return the folder of the contracts that come with this program: in the package, or in a checkout beside it."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_contracts"
    return inside if inside.is_dir() else package.parent / "contracts"


def contract_files(paths: Sequence[Path], *, shipped: bool = True) -> Iterator[tuple[str, Path, bytes]]:
    """Yield (name in messages, path, content) of every contract file and file of kernel runs, in a stable order."""
    roots: list[tuple[str, Path]] = [("contracts", shipped_folder())] if shipped else []
    roots += [(path.as_posix(), path) for path in paths]
    missing = [ContractProblem(name, 1, "there is no such file or folder") for name, root in roots if not root.exists()]
    if missing:
        raise ContractErrors(missing)
    seen: set[Path] = set()
    for name, root in roots:
        if root.is_file():
            runs = [run for folder in root.resolve().parents[:_NEAR] for run in (folder / FOLDER).glob(f"*{SUFFIX}")]
            found = [root, *sorted(runs)]
        else:
            found = [*sorted(root.rglob("*.toml")), *sorted(root.rglob(f"{FOLDER}/*{SUFFIX}"))]
        for path in found:
            resolved = path.resolve()
            if resolved not in seen:
                seen.add(resolved)
                inside = path != root and root.is_dir()
                shown = f"{name}/{path.relative_to(root).as_posix()}" if inside else name if path == root else str(path)
                yield shown, resolved, resolved.read_bytes()
