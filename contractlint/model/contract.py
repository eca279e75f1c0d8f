"""Contracts: what an entry point of a kernel library needs of its arguments, since when, and who checks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Enforcement(str, Enum):
    """Who checks the clause in the releases that it covers."""

    PYTHON = "python"
    FFI = "ffi"
    NONE = "none"


class Effect(str, Enum):
    """What a breach of the clause does."""

    RAISES = "raises"
    SILENT = "silent"
    FAULT = "fault"
    SLOW = "slow"


class Aspect(str, Enum):
    """The property of an argument that a clause speaks about."""

    DTYPE = "dtype"
    PRESENCE = "presence"
    VALUE = "value"
    LAYOUT = "layout"
    SHAPE = "shape"
    DEVICE = "device"
    ALLOCATION = "allocation"
    SIZE = "size"
    FORWARDING = "forwarding"


class EvidenceKind(str, Enum):
    """How a clause was established."""

    CHECK = "check"
    READ = "read"
    DOC = "doc"
    KERNEL_RUN = "kernel-run"
    ISSUE = "issue"


class Outcome(str, Enum):
    """What happened when a kernel ran, compared with a reference."""

    ACCEPTED_RIGHT = "accepted-right"
    ACCEPTED_WRONG = "accepted-wrong"
    RAISED = "raised"
    FAULTED = "faulted"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place that establishes a clause.

    `where` is `path:line` inside the wheel of `release` for kinds check, read and doc; an `owner/repo#number` for issues;
    for kernel runs the name of a file in the folder `evidence` of the contracts, without `.json`.
    """

    kind: EvidenceKind
    release: str
    where: str
    note: str = ""  # for a place in a wheel: a piece of the cited line

    def __str__(self) -> str:
        return f"{self.kind.value} {self.release} {self.where}".strip()


@dataclass(frozen=True, slots=True)
class KernelRun:
    """A file of kernel runs: kernels of one release on one chip. `subjects` are (entry point, parameter) that it tells of."""

    name: str
    library: str
    release: str
    capability: str
    device: str
    date: str
    subjects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on another argument of the same call: `parameter` is (not) one of `values`.

    Values are enum member names (`DeepSeekV3`), `None`, booleans, numbers or dtype names as strings.
    """

    parameter: str
    values: tuple[object, ...]
    negated: bool = False

    def __str__(self) -> str:
        names = " or ".join(str(value) for value in self.values)
        return f"{self.parameter} is {'not ' if self.negated else ''}{names}"


SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement on one parameter, for a range of releases and capabilities.

    Which of `dtypes`, `same_as`, `values`, … is set depends on the aspect:

    - dtype: `dtypes` (accepted names; empty means that any dtype is accepted) or `same_as` (a parameter name)
    - presence: `required` (True: must be passed and not None; False: None is accepted); `ignored` says that what is
      passed has no effect
    - value: `values` (accepted enum members or literals), and for numbers `minimum`, `maximum`, `multiple_of`
    - layout: `layout` (`contiguous`, or the name of a byte layout that code must have produced), `strides` (one
      expression a dimension, in elements; `_` is any, a leading `...` any number of dimensions), `alignment` (bytes
      that the address of the data is a multiple of)
    - shape: `shape` (one symbol or integer expression a dimension, written like strides)
    - device: `same_as` (the parameter whose device it must be on)
    - allocation: `allocation` (`zeroed`; or `scratch`, which asks nothing and says that the kernel writes all over it)
    - size: `minimum`, the bytes that the tensor must have at least
    - forwarding: a caller that has the value must pass it on; `known_as` are names under which callers keep it
    """

    entry_point: str
    parameter: str
    aspect: Aspect
    releases: str
    enforcement: Enforcement
    effect: Effect
    evidence: tuple[Evidence, ...]
    when: tuple[Condition, ...] = ()
    capabilities: str = ""
    dtypes: frozenset[str] = frozenset()
    same_as: str = ""
    required: bool | None = None
    values: tuple[object, ...] = ()
    layout: str = ""
    strides: tuple[str, ...] = ()
    alignment: int | None = None
    shape: tuple[str, ...] = ()
    allocation: str = ""
    known_as: tuple[str, ...] = ()
    note: str = ""
    consequence: str = ""
    documented: str = ""
    source: str = ""  # contract file and line that declares it
    ignored: bool = False
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: int | None = None
    # What the library's own check lets through, wider than what the kernel reads; anything else raises there.
    lets_through: frozenset[str] = frozenset()
    # What the kernel takes the bytes of a dtype that it does not accept for; empty where `dtypes` is one, which says it.
    reads: str = ""
    # What the library's documentation accepts, where that is narrower or wider than what the code does.
    documented_dtypes: frozenset[str] = frozenset()

    @property
    def forbids(self) -> bool:
        """Whether a call can break the clause at all; one that accepts anything only fills a case."""
        bounds = (self.minimum, self.maximum, self.multiple_of, self.alignment)
        asked = self.dtypes or self.same_as or self.required or self.ignored or self.values or self.asks_of_memory
        return bool(asked or self.layout or self.strides or self.shape) or any(bound is not None for bound in bounds)

    @property
    def asks_of_memory(self) -> bool:
        """Whether it says how memory must have been allocated; what is written all over may be any."""
        return self.allocation not in ("", SCRATCH)

    @property
    def run_in(self) -> frozenset[str]:
        """The releases in which running the kernel has confirmed the clause."""
        return frozenset(item.release for item in self.evidence if item.kind is EvidenceKind.KERNEL_RUN)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature. `default` is its source text; None when the parameter is required."""

    name: str
    kind: str  # "positional", "keyword", "var_positional", "var_keyword"
    default: str | None = None
    annotation: str = ""

    @property
    def required(self) -> bool:
        return self.default is None and self.kind in ("positional", "keyword")


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters of an entry point in a range of releases, and what it returns (`Tensor`, `list`, …)."""

    releases: str
    parameters: tuple[Parameter, ...]
    returns: str = ""
    evidence: tuple[Evidence, ...] = ()
    note: str = ""


SEVERAL_GPUS = "several-gpus"  # the tag of what exchanges data with other GPUs


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A public callable of the library, under its canonical name, with every import path it is known by."""

    name: str
    names: tuple[str, ...]
    library: str
    signatures: tuple[Signature, ...]
    clauses: tuple[Clause, ...] = ()
    capabilities: str = ""
    family: str = ""
    summary: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)

    @property
    def short_name(self) -> str:
        return self.name.rpartition(".")[2]
