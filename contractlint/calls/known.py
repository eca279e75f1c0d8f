"""What a search for call sites has learnt so far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from contractlint.calls.referents import Referents
from contractlint.index.project import Class


@dataclass(slots=True)
class Known:
    """What the search learnt so far, for the evaluation to build on.

    `params`: what callers pass, by function and parameter. `attributes`: what code stores on objects from outside of their
    class, by name and class (None where the class is not known). `variables`: what functions assign to names of a module.
    `holders`: the classes whose instances keep something of the library under a name. `writers`: the functions that put it
    there.
    """

    params: dict[tuple[str, int, str], Referents] = field(default_factory=dict)
    attributes: dict[str, dict[Class | str | None, Referents]] = field(default_factory=lambda: defaultdict(dict))
    variables: dict[tuple[str, str], Referents] = field(default_factory=dict)
    holders: dict[str, list[Class]] = field(default_factory=dict)
    writers: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
