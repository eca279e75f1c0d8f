"""The rows of a trace, as data.

A trace file is JSON lines. The first is a header (what ran, where, what was armed), then one line for each distinct call site,
entry point and form of arguments when it is first seen, and lines that raise its count. Nothing is rewritten, so whatever
a process has seen stays when it is killed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

VERSION = 1

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Breach:
    """A clause that the call broke, or could not be held against."""

    parameter: str
    aspect: str
    text: str
    effect: str = ""
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Row:
    """One call site, entry point and form of arguments.

    `status`: `called`; `traced` (seen while a compiler traced it: no counts, no arguments); `fake` (with tensors that have
    no memory). `arguments` describe each argument that was passed: `dtype`, `shape`, `contiguous` and `device` of a tensor,
    `value` of anything else. Shapes are those of the first call of this form.
    """

    library: str
    release: str
    entry_point: str
    file: str
    line: int
    function: str
    callers: tuple[str, ...] = ()
    arguments: Mapping[str, Json] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    unchecked: tuple[str, ...] = ()
    status: str = "called"
    device: str = ""
    capability: str = ""
    count: int = 1
    path: str = ""
    source: str = "contractlint"
    processes: int = 1
    hosts: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two rows the same; shapes are examples and do not count."""
        forms = tuple(sorted((name, _form(value)) for name, value in self.arguments.items()))
        return (
            self.library, self.release, self.entry_point, self.file, self.line, self.function, forms, self.status,
            self.device, self.capability, self.source,
        )  # fmt: skip

    def joined(self, other: Row) -> Row:
        """Two rows of the same key as one."""
        hosts = tuple(sorted({*self.hosts, *other.hosts}))
        return replace(self, count=self.count + other.count, processes=self.processes + other.processes, hosts=hosts)

    def to_json(self) -> Json:
        return {
            "library": self.library,
            "release": self.release,
            "entry_point": self.entry_point,
            "file": self.file,
            "line": self.line,
            "function": self.function,
            "path": self.path,
            "callers": list(self.callers),
            "arguments": dict(self.arguments),
            "breaches": [
                {
                    "parameter": b.parameter,
                    "aspect": b.aspect,
                    "text": b.text,
                    "effect": b.effect,
                    "severity": b.severity,
                }
                for b in self.breaches
            ],
            "unchecked": list(self.unchecked),
            "status": self.status,
            "device": self.device,
            "capability": self.capability,
            "count": self.count,
            "source": self.source,
            "processes": self.processes,
            "hosts": list(self.hosts),
        }

    @staticmethod
    def from_json(data: Json) -> Row:
        """Read a row; unknown keys are left aside, so that newer traces stay readable. Raises KeyError or TypeError."""
        return Row(
            library=str(data["library"]),
            release=str(data["release"]),
            entry_point=str(data["entry_point"]),
            file=str(data["file"]),
            line=int(data["line"]),
            function=str(data["function"]),
            callers=tuple(data.get("callers", ())),
            arguments=dict(data.get("arguments", {})),
            breaches=tuple(
                Breach(b["parameter"], b["aspect"], b["text"], b.get("effect", ""), b.get("severity", "error"))
                for b in data.get("breaches", ())
            ),
            unchecked=tuple(data.get("unchecked", ())),
            status=str(data.get("status", "called")),
            device=str(data.get("device", "")),
            capability=str(data.get("capability", "")),
            count=int(data.get("count", 1)),
            path=str(data.get("path", "")),
            source=str(data.get("source", "contractlint")),
            processes=int(data.get("processes", 1)),
            hosts=tuple(data.get("hosts", ())),
        )


def _form(value: Json) -> str:
    return ",".join(f"{key}={value[key]}" for key in sorted(value) if key not in ("shape", "strides"))
