"""Which callables of a library other people call."""

from __future__ import annotations

# Packages whose functions nobody calls from outside: builders, command line, test helpers, generated variants.
INTERNAL = frozenset(
    {
        "__main__",
        "aot",
        "jit",
        "experimental",
        "testing",
        "trace",
        "trace_apply",
        "tactics_blocklist_gen",
        "fi_trace",
    }
)


def is_public(name: str, api: bool) -> bool:
    """Say whether a dotted path is one that people import; `api` says that the library marks the function as public."""
    parts = name.split(".")[1:]
    hidden = any(part.startswith("_") and part not in ("__init__", "__call__") for part in parts)
    method = len(parts) > 1 and parts[-2][:1].isupper()  # a method may stand one level deeper than a function
    return not hidden and parts[0] not in INTERNAL and (api or len(parts) <= 3 + method)
