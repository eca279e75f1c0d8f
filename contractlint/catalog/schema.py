"""The keys of a contract file, and the reading of one file into drafts of clauses.

This looks at one file alone. What needs a library (does the parameter exist, do ranges overlap) is judged afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contractlint.catalog.errors import Problems
from contractlint.catalog.positions import KeyPath
from contractlint.model.contract import SCRATCH, Aspect, Effect, Enforcement
from contractlint.model.dtypes import canonical

Table = Mapping[str, Any]

ANY = "any"
ELLIPSIS = "..."  # stands for any number of leading dimensions
ASPECTS = tuple(aspect.value for aspect in Aspect)
ENTRY_KEYS = {
    "entry_point",
    "library",
    "family",
    "summary",
    "capabilities",
    "tags",
    "signature",
    "returns",
    "layouts",
    "parameters",
    "to_be_reviewed",
}
PARAMETER_KEYS = {"like", "documented", *ASPECTS}
DOCUMENTED_KEYS = {"aspect", "releases", "says", "accepts", "evidence"}
RETURN_KEYS = {"releases", "is", "dtypes", "evidence", "note"}
RESULT_LAYOUT_KEYS = {"of", "is", "releases", "when", "unless", "otherwise", "evidence", "note"}
COMMON_KEYS = {
    "releases", "when", "unless", "otherwise", "capabilities", "enforced", "effect", "consequence", "note", "evidence",
    "to_be_reviewed",
}  # fmt: skip
ASPECT_KEYS = {
    "dtype": {"accepts", "same_as", "lets_through", "reads"},
    "presence": {"required", "ignored"},
    "value": {"accepts", "minimum", "maximum", "multiple_of"},
    "layout": {"accepts", "strides", "alignment"},
    "shape": {"accepts"},
    "device": {"same_as"},
    "allocation": {"accepts"},
    "size": {"accepts", "minimum"},
    "forwarding": {"known_as"},
}

# Tests on other arguments that must all hold: parameter → (values, negated).
Conditions = tuple[tuple[str, tuple[object, ...], bool], ...]


@dataclass(slots=True)
class Draft:
    """One clause as a file states it, checked for form only. `path` leads to its table in `problems.file`."""

    aspect: str
    path: KeyPath
    problems: Problems
    releases: str = ""
    ranged: bool = False  # the file names a range; it must then fit the parameter exactly
    when: Conditions = ()
    otherwise: bool = False
    evidence: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


def read_parameter(table: object, path: KeyPath, problems: Problems) -> dict[str, list[Draft]]:
    """Return the drafts of one parameter by aspect; `like` is left to the caller."""
    drafts: dict[str, list[Draft]] = {}
    if not isinstance(table, Mapping):
        problems.add(path, f"{path[-1]} must be a table of aspects", "write it as in: dtype = { accepts = … }")
        return drafts
    unknown_keys(table, PARAMETER_KEYS, path, problems)
    for aspect in ASPECTS:
        if aspect in table:
            drafts[aspect] = list(_read_aspect(table[aspect], aspect, (*path, aspect), problems))
    return drafts


def read_documented(table: Table, path: KeyPath, problems: Problems) -> list[Draft]:
    """Return what the library's documentation says about a parameter, where that is not what its code does."""
    value = table.get("documented", [])
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        here = (*path, "documented", index) if isinstance(value, list) else (*path, "documented")
        if not isinstance(item, Mapping):
            problems.add(here, "`documented` of a parameter must be a table or an array of tables", "says = …")
            continue
        unknown_keys(item, DOCUMENTED_KEYS, here, problems)
        aspect = _choice(item, "aspect", list(ASPECTS), here, problems) or "dtype"
        draft = Draft(aspect, here, problems, releases=text(item, "releases", here, problems))
        draft.evidence = strings(item, "evidence", here, problems)
        draft.fields["documented"] = text(item, "says", here, problems)
        draft.fields["documented_dtypes"] = dtypes(item, "accepts", here, problems)
        if not draft.evidence:
            problems.add(here, "this statement has no evidence", "cite the line of the documentation")
        found.append(draft)
    return found


def read_result_layout(table: Table, path: KeyPath, problems: Problems) -> tuple[str, Draft]:
    """Return the draft of what an entry point says of the byte layout of its result, under a name for the part: `result[1]`."""
    unknown_keys(table, RESULT_LAYOUT_KEYS, path, problems)
    draft = Draft(
        "layout", path, problems, releases=text(table, "releases", path, problems), ranged="releases" in table
    )
    draft.otherwise = flag(table, "otherwise", path, problems) or False
    draft.when = _conditions(table, path, problems)
    draft.evidence = strings(table, "evidence", path, problems)
    draft.fields = {"layout": text(table, "is", path, problems), "enforcement": "none", "effect": "silent"}
    draft.fields["note"] = text(table, "note", path, problems)
    if not draft.fields["layout"] or not draft.evidence:
        problems.add(path, "the layout of a result needs `is` and `evidence`", 'is = "linear"')
    part = table.get("of")
    return ("result" if part is None else f"result[{part}]"), draft


def _read_aspect(value: object, aspect: str, path: KeyPath, problems: Problems) -> Iterator[Draft]:
    tables = value if isinstance(value, list) else [value]
    for index, table in enumerate(tables):
        here = (*path, index) if isinstance(value, list) else path
        if isinstance(table, Mapping):
            yield _read_clause(table, aspect, here, problems)
        else:
            problems.add(here, f"{aspect} must be a table or an array of tables, not {_kind(table)}")


def _read_clause(table: Table, aspect: str, path: KeyPath, problems: Problems) -> Draft:
    unknown_keys(table, COMMON_KEYS | ASPECT_KEYS[aspect], path, problems)
    draft = Draft(aspect, path, problems, releases=text(table, "releases", path, problems), ranged="releases" in table)
    if flag(table, "to_be_reviewed", path, problems):
        problems.add(
            (*path, "to_be_reviewed"),
            f"this {aspect} clause is a draft",
            "compare it with the code, then delete this key",
        )
    draft.otherwise = flag(table, "otherwise", path, problems) or False
    draft.when = _conditions(table, path, problems)
    if draft.otherwise and draft.when:
        problems.add((*path, "otherwise"), "a clause has either a condition or `otherwise`, not both", "remove one")
    draft.evidence = strings(table, "evidence", path, problems)
    if not draft.evidence:
        problems.add(
            path, f"this {aspect} clause has no evidence", "cite the line that establishes it, or leave it out"
        )
    fields = draft.fields
    enforced = _choice(table, "enforced", [e.value for e in Enforcement], path, problems)
    effect = _choice(table, "effect", [e.value for e in Effect], path, problems)
    if not effect and enforced in ("python", "ffi"):
        effect = Effect.RAISES.value
    free = _requirement(table, aspect, path, problems, fields)
    if free:  # a clause that forbids nothing has no breach
        enforced, effect = enforced or Enforcement.NONE.value, effect or Effect.RAISES.value
    if not enforced and "enforced" not in table:
        problems.add(
            path, f"this {aspect} clause does not say who enforces it", 'add enforced = "python", "ffi" or "none"'
        )
    elif enforced and not effect and "effect" not in table:
        problems.add(path, f"this {aspect} clause does not say what a breach does", "add effect = …")
    fields["enforcement"], fields["effect"] = enforced or "none", effect or "raises"
    for key in ("consequence", "note", "capabilities"):
        fields[key] = text(table, key, path, problems)
    return draft


def _requirement(table: Table, aspect: str, path: KeyPath, problems: Problems, fields: dict[str, Any]) -> bool:
    """Fill in what the clause asks for; True when it asks for nothing."""
    accepts = table.get("accepts")
    if aspect == "dtype":
        fields["same_as"] = text(table, "same_as", path, problems)
        fields["lets_through"] = dtypes(table, "lets_through", path, problems)
        fields["reads"] = "".join(dtypes(table, "reads", path, problems)[:1])
        if ("accepts" in table) == ("same_as" in table):
            problems.add(
                path, "a dtype clause says either `accepts` or `same_as`", 'accepts = "any" admits every dtype'
            )
        fields["dtypes"] = () if accepts == ANY else dtypes(table, "accepts", path, problems)
        return bool(accepts == ANY)
    if aspect == "presence":
        required = flag(table, "required", path, problems)
        fields["ignored"] = flag(table, "ignored", path, problems) or False
        fields["required"] = bool(required)
        if required is None and "required" not in table and not fields["ignored"]:
            problems.add(path, "a presence clause says `required` or `ignored`", "add required = true or false")
        return not required and not fields["ignored"]
    if aspect == "value":
        values = accepts if isinstance(accepts, list) else [] if accepts in (None, ANY) else [accepts]
        fields["values"] = tuple(_literal(value) for value in values)
        bounds = [key for key in ("minimum", "maximum", "multiple_of") if key in table]
        for key in bounds:
            if isinstance(table[key], bool) or not isinstance(table[key], int | float):
                problems.add((*path, key), f"{key} must be a number, not {_kind(table[key])}")
            else:
                fields[key] = table[key]
        if "accepts" not in table and not bounds:
            problems.add(path, "a value clause says `accepts` or a bound", 'accepts = "any" admits every value')
        return bool(accepts == ANY) and not bounds
    if aspect == "device":
        fields["same_as"] = text(table, "same_as", path, problems)
        if not fields["same_as"]:
            problems.add(path, "a device clause says whose device it must be", 'same_as = "another parameter"')
        return False
    if aspect == "forwarding":
        fields["known_as"] = strings(table, "known_as", path, problems)
        if "known_as" not in table:
            problems.add(
                path, "a forwarding clause says what callers call the value", "known_as = [] for no other name"
            )
        return False
    word = text(table, "accepts", path, problems)
    if aspect == "size":
        fields["minimum"] = _count(table, "minimum", path, problems)
        if ("accepts" in table) == ("minimum" in table) or word not in ("", ANY):
            problems.add(path, "a size clause says `minimum`, in bytes", 'accepts = "any" admits every size')
        return word == ANY
    if aspect == "layout" and ("strides" in table or "alignment" in table):
        fields["layout"] = "" if word == ANY else word
        fields["strides"] = _dimensions(table, "strides", path, problems)
        fields["alignment"] = _count(table, "alignment", path, problems)
        return False
    if "accepts" not in table:
        problems.add(path, f"a {aspect} clause says what it `accepts`", f'accepts = "any" admits every {aspect}')
    elif aspect == "shape":
        fields["shape"] = () if word == ANY else _dimensions(table, "accepts", path, problems)
    else:
        fields[aspect] = "" if word == ANY else word
    return word in (ANY, SCRATCH)


def _dimensions(table: Table, key: str, path: KeyPath, problems: Problems) -> tuple[str, ...]:
    """Return the expressions of a shape or of strides, `"[..., num_heads, head_dim]"`, one a dimension."""
    word = text(table, key, path, problems)
    if not word:
        return ()
    parts = tuple(part.strip() for part in word[1:-1].split(","))
    what = "shape" if key == "accepts" else key
    if not (word.startswith("[") and word.endswith("]")):
        problems.add(
            (*path, key), f"{what} {word!r} is not a list of dimensions", 'write it like "[num_tokens, num_experts]"'
        )
    elif ELLIPSIS in parts[1:]:
        problems.add((*path, key), f"{what} {word!r} has `...` behind a dimension", "only the first may be `...`")
    return tuple(part for part in parts if part)


def _count(table: Table, key: str, path: KeyPath, problems: Problems) -> int | None:
    value = table.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    problems.add((*path, key), f"{key} must be a whole number above 0", f"{key} = 16")
    return None


def _conditions(table: Table, path: KeyPath, problems: Problems) -> Conditions:
    found: list[tuple[str, tuple[object, ...], bool]] = []
    for key, negated in (("when", False), ("unless", True)):
        value = table.get(key)
        if value is None:
            continue
        if not isinstance(value, Mapping) or not value:
            problems.add((*path, key), f"`{key}` must be a table of parameter = value", f"{key} = {{ name = value }}")
            continue
        if negated and len(value) > 1:
            problems.add((*path, key), "`unless` names one parameter", "use `when` for the others")
        for parameter, wanted in value.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            if not values or not all(isinstance(item, str | int | float) for item in values):
                problems.add((*path, key, parameter), f"the values of {parameter} must be names, numbers or booleans")
            found.append((parameter, tuple(_literal(item) for item in values), negated))
    return tuple(found)


def unknown_keys(table: Table, known: set[str], path: KeyPath, problems: Problems) -> None:
    """Report keys that mean nothing here, with the nearest one that does."""
    from difflib import get_close_matches

    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
            problems.add((*path, key), f"unknown key {key!r}", remedy)


def text(table: Table, key: str, path: KeyPath, problems: Problems) -> str:
    value = table.get(key, "")
    if isinstance(value, str):
        return value
    problems.add((*path, key), f"{key} must be a string, not {_kind(value)}")
    return ""


def flag(table: Table, key: str, path: KeyPath, problems: Problems) -> bool | None:
    value = table.get(key)
    if value is None or isinstance(value, bool):
        return value
    problems.add((*path, key), f"{key} must be true or false, not {_kind(value)}")
    return None


def strings(table: Table, key: str, path: KeyPath, problems: Problems) -> tuple[str, ...]:
    """Return a string or a list of strings as a tuple."""
    value = table.get(key, [])
    values = value if isinstance(value, list) else [value]
    if all(isinstance(item, str) for item in values):
        return tuple(values)
    problems.add((*path, key), f"{key} must be a string or a list of strings")
    return ()


def dtypes(table: Table, key: str, path: KeyPath, problems: Problems) -> tuple[str, ...]:
    found = []
    for name in strings(table, key, path, problems):
        known = canonical(name)
        if known is None:
            problems.add(
                (*path, key), f"unknown dtype {name!r}", "use torch's names, such as bfloat16 or float8_e4m3fn"
            )
        else:
            found.append(known)
    return tuple(found)


def _choice(table: Table, key: str, known: list[str], path: KeyPath, problems: Problems) -> str:
    value = text(table, key, path, problems)
    if value and value not in known:
        problems.add((*path, key), f"unknown value {value!r} of {key}", f"use one of {', '.join(known)}")
        return ""
    return value


def _literal(value: object) -> object:
    return None if value == "None" else value


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
