"""What the tables are written with: a table, and short names for the results that recur."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import (
    DEFAULT,
    Arg,
    Case,
    Choice,
    Fixed,
    FromKeyword,
    Lifted,
    OfParameter,
    Promoted,
    Python,
    Ranked,
    Result,
    Rule,
    SameAs,
    Test,
)


def arg(position: int | None, *names: str) -> Arg:
    """An argument by position, keyword, or both."""
    return Arg(position, names)


def same(position: int | None, *names: str) -> SameAs:
    """The dtype of that argument."""
    return SameAs(Arg(position, names))


def keyword(otherwise: Result, position: int | None = None, name: str = "dtype") -> FromKeyword:
    """The dtype that `dtype=` names, else `otherwise`."""
    return FromKeyword(Arg(position, (name,)), otherwise)


def either(when: Result, otherwise: Result, *tests: Test) -> Choice:
    """`when` if all tests hold."""
    return Choice((Case(tests, when),), otherwise)


def given(position: int | None, *names: str) -> Test:
    """Is the argument given and not None?"""
    return Test("given", Arg(position, names))


def flat(of: Result) -> Ranked:
    """A result whose rank is not that of the argument."""
    return Ranked(of, False)


def zero_dim(of: Result) -> Ranked:
    """A result without dimensions."""
    return Ranked(of, True)


# Argument 0 is `self` for a method; functions call it by one of these names.
FIRST = arg(0, "input", "self", "tensor", "tensors", "data")
SECOND = arg(1, "other")
DIM = ("dim", "axis")

SELF = SameAs(FIRST)
BOTH = Promoted((FIRST, SECOND))
FLOAT = Lifted(SELF, "float")
SUM = Lifted(SELF, "sum")
REAL = Lifted(SELF, "real")
DEFAULT_DTYPE = Fixed(DEFAULT)
BOOL, INT64, INT32, FLOAT32 = Fixed("bool"), Fixed("int64"), Fixed("int32"), Fixed("float32")
WEIGHT = OfParameter("weight")
NOTHING = Python("none")


class Table:
    """Rules by name, for one namespace each: functions under `torch.`, methods and attributes of tensors, modules."""

    def __init__(self) -> None:
        self.functions: dict[str, Rule] = {}
        self.methods: dict[str, Rule] = {}
        self.attributes: dict[str, Rule] = {}

    def add(
        self, rule: Rule, both: str = "", *, functions: str = "", methods: str = "", attributes: str = "",
        in_place: bool = False,
    ) -> None:  # fmt: skip
        """Give the named functions and methods this rule; `both` names exist as function and as method.

        With `in_place`, each of the methods has a twin with a trailing underscore that writes its result to `self`.
        """
        shared = both.split()
        own = shared + methods.split()
        _enter(self.functions, [f"torch.{name}" for name in shared + functions.split()], rule)
        _enter(self.methods, own, rule)
        _enter(self.attributes, attributes.split(), rule)
        if in_place:
            _enter(self.methods, [f"{name}_" for name in own], IN_PLACE)

    def merge(self, other: Table) -> None:
        """Take over another table."""
        for mine, theirs in (
            (self.functions, other.functions),
            (self.methods, other.methods),
            (self.attributes, other.attributes),
        ):
            if doubled := mine.keys() & theirs.keys():
                raise ValueError(f"two topics have rules for {sorted(doubled)}")
            mine.update(theirs)


def _enter(rows: dict[str, Rule], names: list[str], rule: Rule) -> None:
    expected = len(rows) + len(names)
    rows.update(dict.fromkeys(names, rule))
    if len(rows) != expected:
        raise ValueError(f"a name has two rules: {names}")


IN_PLACE = Rule(SELF, aliases=True, layout="preserves", mutates=True)
"""A method that writes its result to `self`, and therefore keeps its dtype."""
