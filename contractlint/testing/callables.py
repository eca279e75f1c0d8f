"""Functions with the signatures of a release, that hand their arguments to a stand-in."""

from __future__ import annotations

import ast
from typing import Any

from contractlint.model.contract import Parameter, Signature

_ORDER = ("positional", "var_positional", "keyword", "var_keyword")  # as Python wants them
HANDLER = "_standin_called"  # the name in a module's globals under which its functions find the stand-in


class Unevaluated:
    """A default that only the library itself could evaluate; it prints as it is written there."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def make_function(
    entry_point: str, name: str, signature: Signature, namespace: dict[str, Any], names: dict[str, Any], *, method: bool
) -> Any:
    """Make the function of an entry point.

    Args:
        namespace: the globals of the module that it belongs to, which hold the handler.
        names: what defaults may refer to (enums, torch).
        method: it takes `self` first.
    """
    parameters = tuple(sorted(signature.parameters, key=lambda p: _ORDER.index(p.kind)))
    declared = ", ".join([*(["self"] if method else []), *_declarations(parameters)])
    passed = ", ".join(f"{p.name!r}: {p.name}" for p in parameters)
    owner = "self" if method else "None"
    body = f"def {name}({declared}):\n    return {HANDLER}({entry_point!r}, {owner}, {{{passed}}})\n"
    made: dict[str, Any] = {}
    exec(compile(body, namespace["__file__"], "exec"), namespace, made)
    function = made[name]
    defaults = {p.name: evaluate(p.default, names) for p in parameters if p.default is not None}
    function.__defaults__ = tuple(defaults[p.name] for p in parameters if p.kind == "positional" and p.name in defaults)
    function.__kwdefaults__ = {
        p.name: defaults[p.name] for p in parameters if p.kind == "keyword" and p.name in defaults
    }
    function.__annotations__ = {p.name: p.annotation for p in parameters if p.annotation}
    if signature.returns and " " not in signature.returns:  # what depends on arguments is no annotation
        function.__annotations__["return"] = signature.returns
    function.__module__ = namespace["__name__"]
    return function


def _declarations(parameters: tuple[Parameter, ...]) -> list[str]:
    found = []
    starred = False
    for parameter in parameters:
        star = {"var_positional": "*", "var_keyword": "**"}.get(parameter.kind, "")
        if parameter.kind == "keyword" and not starred:
            found.append("*")
        starred = starred or parameter.kind in ("keyword", "var_positional")
        # The values of defaults are set on the function afterwards; here it only counts that there is one.
        found.append(f"{star}{parameter.name}" + ("" if parameter.default is None else "=None"))
    return found


def evaluate(text: str, names: dict[str, Any]) -> Any:
    """Evaluate the source of a default: a literal, a dtype, an enum member; anything else stays as it is written."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    head, *rest = text.split(".")
    if head not in names or not all(part.isidentifier() for part in rest):
        return Unevaluated(text)
    value = names[head]
    for part in rest:
        value = getattr(value, part, None)
    return value
