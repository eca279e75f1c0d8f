"""Signatures as text, and as a list of changes from release to release.

A signature reads like Python: `(x: Tensor, *, scale: float = 1.0) -> Tensor`. In `signatures.toml` an entry point has
its first signature in full and after that one list of steps for each release that changes it:

- `+ name: T = 1 @ before other`   a new positional parameter, in front of `other`; without `@ …` it is the last one
- `+ name: T = 1 @ keyword`        a new keyword-only parameter
- `- name`                         a parameter that is gone
- `~ name: T = 2`                  a parameter that keeps its place and kind
- `-> T`                           the annotated return
- `gone`                           the entry point is not in this release
- `at file.py:12`                  where it is defined
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contractlint.model.contract import Parameter

Parsed = tuple[tuple[Parameter, ...], str]
GONE = "gone"

_ORDER = {"positional": 0, "var_positional": 1, "keyword": 2, "var_keyword": 3}


def parse_signature(text: str) -> Parsed:
    """Return parameters and annotated return of `(…) -> T`. Raises ValueError when it is not Python."""
    try:
        function = ast.parse(f"def f{text}: ...").body[0]
    except SyntaxError as error:
        raise ValueError(f"not a signature: {text!r} ({error.msg})") from error
    if not isinstance(function, ast.FunctionDef):
        raise ValueError(f"not a signature: {text!r}")
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    parameters = [_parameter(node, "positional", value) for node, value in zip(positional, defaults, strict=True)]
    if arguments.vararg:
        parameters.append(_parameter(arguments.vararg, "var_positional", None))
    for node, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(_parameter(node, "keyword", value))
    if arguments.kwarg:
        parameters.append(_parameter(arguments.kwarg, "var_keyword", None))
    return tuple(parameters), ast.unparse(function.returns) if function.returns else ""


def with_all_of(tables: Iterable[Mapping[str, Any]]) -> str:
    """Return a signature that has every parameter of which contracts speak: for a file whose own signature is not known."""
    names: set[str] = set()
    pending: list[Any] = [*tables]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            for key in ("parameters", "when", "unless"):
                spoken = item.get(key)
                names.update(name.partition("[")[0] for name in (spoken if isinstance(spoken, Mapping) else ()))
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return f"({', '.join(f'{name}: str' for name in sorted(names) if name.isidentifier())})"


def apply_steps(before: Parsed | None, steps: Iterable[str]) -> Parsed | None:
    """Return the signature after `steps`, or None when the entry point is gone.

    Raises ValueError on a step that does not fit.
    """
    parameters = list(before[0]) if before else []
    returns = before[1] if before else ""
    for step in steps:
        if step.startswith("("):
            parsed, returns = parse_signature(step)
            parameters = list(parsed)
        elif step == GONE:
            return None
        elif step.startswith("->"):
            returns = step[2:].strip()
        elif step.startswith("- "):
            del parameters[_index(parameters, step[2:].strip())]
        elif step.startswith("~ "):
            new = _one(step[2:])
            index = _index(parameters, new.name)
            parameters[index] = Parameter(new.name, parameters[index].kind, new.default, new.annotation)
        elif step.startswith("+ "):
            _insert(parameters, step[2:])
        elif not step.startswith("at "):
            raise ValueError(f"unknown step {step!r}")
    return tuple(parameters), returns


def place_of(steps: Iterable[str]) -> str:
    """Return the `file:line` that steps give for the definition, or an empty string."""
    return next((step[3:] for step in steps if step.startswith("at ")), "")


def spans_of(spans: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[int, Parsed | None, str]]:
    """Apply the steps of toml: (releases, signature or None when gone, where it is defined)."""
    before: Parsed | None = None
    found = []
    for mask, steps in spans:
        before = apply_steps(before, steps)
        found.append((mask, before, place_of(steps)))
    return found


def changes(before: Parsed | None, after: Parsed | None, text: str) -> tuple[str, ...]:
    """Return the steps that lead from one signature to another; `text` is the second one in full.

    Falls back to the full text where steps would not reproduce the order of the parameters.
    """
    if after is None:
        return (GONE,)
    if before is None:
        return (text,)
    old = {parameter.name: parameter for parameter in before[0]}
    new = {parameter.name: parameter for parameter in after[0]}
    steps = [f"- {name}" for name, parameter in old.items() if name not in new or new[name].kind != parameter.kind]
    kept = {name for name, parameter in new.items() if name in old and old[name].kind == parameter.kind}
    steps += [f"~ {render(parameter)}" for name, parameter in new.items() if name in kept and parameter != old[name]]
    for index, parameter in enumerate(after[0]):
        if parameter.name not in kept:
            steps.append(f"+ {render(parameter)}{_where(parameter, after[0][index + 1 :], kept)}")
    if before[1] != after[1]:
        steps.append(f"-> {after[1]}")
    try:
        exact = apply_steps(before, steps) == after
    except ValueError:
        exact = False
    return tuple(steps) if exact and len(" ".join(steps)) < len(text) else (text,)


def render(parameter: Parameter) -> str:
    """Return `name: T = default`, with the stars of variadic parameters."""
    stars = {"var_positional": "*", "var_keyword": "**"}.get(parameter.kind, "")
    annotation = f": {parameter.annotation}" if parameter.annotation else ""
    default = "" if parameter.default is None else f" = {parameter.default}"
    return f"{stars}{parameter.name}{annotation}{default}"


def _where(parameter: Parameter, following: Sequence[Parameter], kept: set[str]) -> str:
    if parameter.kind == "keyword":
        return " @ keyword"
    for other in following:
        if other.kind != parameter.kind:
            return ""
        if other.name in kept:
            return f" @ before {other.name}"
    return ""


def _insert(parameters: list[Parameter], text: str) -> None:
    declaration, where = text, ""
    if " @ " in text:
        declaration, _, where = text.rpartition(" @ ")
    new = _one(declaration)
    if where == "keyword":
        new = Parameter(new.name, "keyword", new.default, new.annotation)
        where = ""
    if where:
        index = _index(parameters, where.removeprefix("before ").strip())
    else:
        index = sum(1 for parameter in parameters if _ORDER[parameter.kind] <= _ORDER[new.kind])
    parameters.insert(index, new)


def _one(declaration: str) -> Parameter:
    parsed, _ = parse_signature(f"({declaration.strip()})")
    if len(parsed) != 1:
        raise ValueError(f"not one parameter: {declaration!r}")
    return parsed[0]


def _index(parameters: list[Parameter], name: str) -> int:
    for index, parameter in enumerate(parameters):
        if parameter.name == name:
            return index
    raise ValueError(f"no parameter {name!r} to change")


def _parameter(node: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
    return Parameter(
        node.arg,
        kind,
        None if default is None else ast.unparse(default),
        "" if node.annotation is None else ast.unparse(node.annotation),
    )
