"""What FlashInfer writes of itself: session logs of level 10, text logs of level 3 and above, and trace dumps.

None of them says who called. All of them name functions without their module, so names are resolved against contracts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contractlint.clauses import Kind, Observed


@dataclass(frozen=True, slots=True)
class Observation:
    """One call as FlashInfer describes it. `positional` are arguments whose parameter the log does not name."""

    function: str
    source: str
    release: str = ""
    module: str = ""
    named: dict[str, Observed] = field(default_factory=dict)
    positional: tuple[Observed, ...] = ()
    parameters: tuple[str, ...] = ()  # the function's own, where the log has its signature
    complete: bool = True  # False: what is not named was not looked at


def read_foreign(path: Path, text: str) -> tuple[list[Observation], list[str]]:
    """Read a file of one of the three kinds, and say what in it is damaged; nothing of both when it is none of them."""
    if path.name in ("session.jsonl", "metadata.jsonl"):
        return _session(path, text)
    if path.suffix == ".json":
        return _dump(path, text)
    return _log(text), []


_DAMAGE = (AttributeError, KeyError, TypeError, ValueError)  # JSON, but not of the form that FlashInfer writes


# level 10: one JSON object a call, and one more when it has returned


def _session(path: Path, text: str) -> tuple[list[Observation], list[str]]:
    found: list[Observation] = []
    problems: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            data = json.loads(line)
            if "function_name" in data and data.get("execution_status") != "completed":
                found.append(_session_call(data))
        except json.JSONDecodeError:
            if number != len(lines):  # the process may have been killed in its last line
                problems.append(f"{path}:{number}: is no JSON and was left out")
        except _DAMAGE:
            problems.append(f"{path}:{number}: is no call as FlashInfer writes it, and was left out")
    return found, problems


def _session_call(data: dict[str, Any]) -> Observation:
    values: dict[str, Observed] = {}
    for key, detail in data.get("tensor_details", {}).items():
        values[key] = _tensor(detail["dtype"], detail["shape"], detail.get("stride"), detail.get("device", ""))
    for key, value in data.get("input_metadata", {}).items():
        values.setdefault(key, _plain(value))
    named = {key.removeprefix("kwarg_"): value for key, value in values.items() if key.startswith("kwarg_")}
    numbered = {int(k.removeprefix("arg_")): v for k, v in values.items() if re.fullmatch(r"arg_\d+", k)}
    positional = tuple(numbered.get(i, Observed(Kind.UNKNOWN)) for i in range(max(numbered, default=-1) + 1))
    signature = data.get("function_signature", "")
    release = str(data.get("versions", {}).get("flashinfer", ""))
    return Observation(
        data["function_name"],
        "flashinfer level 10",
        "" if release.startswith("<") else release,
        data.get("module", ""),
        {**_defaults(signature), **named},
        positional,
        _parameters(signature),
    )


def _parameters(signature: str) -> tuple[str, ...]:
    """The names in `(a: Tensor, b: int = 0) -> Tensor`."""
    return tuple(name.lstrip("*") for name, _ in _split(signature) if name not in ("*", "/"))


def _defaults(signature: str) -> dict[str, Observed]:
    found = {}
    for name, default in _split(signature):
        number = re.fullmatch(r"<.*: (-?\d+)>", default)
        if number:
            found[name] = Observed(Kind.CONSTANT, value=int(number[1]))
        elif default:
            found[name] = _word(default)
    return found


def _split(signature: str) -> list[tuple[str, str]]:
    inside = signature.rpartition(" -> ")[0] or signature
    parts, depth, current = [], 0, ""
    for sign in inside.strip()[1:-1]:
        depth += (sign in "([{<") - (sign in ")]}>")
        if sign == "," and not depth:
            parts.append(current)
            current = ""
        else:
            current += sign
    pairs = []
    for part in [*parts, current]:
        name, _, default = part.partition("=")
        if name.strip():
            pairs.append((name.partition(":")[0].strip(), default.strip()))
    return pairs


# level 3 and above: text


_CALL = re.compile(r"FlashInfer API Call: (\S+)")
_VERSION = re.compile(r"FlashInfer version: (\S+)")
_NAME = re.compile(r"^  (?:arg\[(\d+)\]:|(\w+)=)(?: \[DEFAULT\])?$")
_ENUM = re.compile(r"^\w+\.(\w+) \(value=(-?\d+)\)$")


def _log(text: str) -> list[Observation]:
    release = ""
    found: list[Observation] = []
    for block in re.split(r"^=+$", text, flags=re.M):
        version = _VERSION.search(block)
        release = version[1] if version else release
        call = _CALL.search(block)
        if call and "input arguments:" in block:
            found.append(_log_call(call[1], block.partition("Output value:")[0], release))
    return found


def _log_call(function: str, block: str, release: str) -> Observation:
    named: dict[str, Observed] = {}
    numbered: dict[int, Observed] = {}
    name: str | int | None = None
    held: list[str] = []

    def finish() -> None:
        if isinstance(name, int):
            numbered[name] = _log_value(held)
        elif name is not None:
            named[name] = _log_value(held)

    for line in block.splitlines():
        start = _NAME.match(line)
        if start or not line.startswith("  "):
            finish()
            name, held = (int(start[1]) if start[1] else start[2]) if start else None, []
        elif name is not None:
            held.append(line.strip())
    finish()
    positional = tuple(numbered.get(i, Observed(Kind.UNKNOWN)) for i in range(max(numbered, default=-1) + 1))
    return Observation(function, "flashinfer log", release, "", named, positional)


def _log_value(lines: list[str]) -> Observed:
    if lines and lines[0] == "Tensor(":
        facts = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
        shape = [int(size) for size in re.findall(r"\d+", facts.get("shape", ""))]
        stride = [int(size) for size in re.findall(r"\d+", facts.get("stride", ""))]
        return _tensor(facts.get("dtype", ""), shape, stride, facts.get("device", ""))
    return _word(lines[0]) if len(lines) == 1 else Observed(Kind.UNKNOWN, reason="the log is not followed there")


# trace dumps: one JSON object for each template and set of sizes


def _dump(path: Path, text: str) -> tuple[list[Observation], list[str]]:
    try:
        data = json.loads(text)
    except ValueError:
        return [], []
    if not isinstance(data, dict) or "inputs" not in data:
        return [], []
    try:
        tag = next((tag for tag in data.get("tags", ()) if str(tag).startswith("fi_api:")), "")
        return ([_dump_call(tag, data)] if tag else []), []
    except _DAMAGE:
        return [], [f"{path}: is no trace dump as FlashInfer writes it, and was left out"]


def _dump_call(tag: str, data: dict[str, Any]) -> Observation:
    module, _, function = tag.removeprefix("fi_api:").rpartition(".")
    sizes = {name: axis["value"] for name, axis in data.get("axes", {}).items() if "value" in axis}
    named = {name: _dumped(item, sizes) for name, item in data["inputs"].items()}
    named.update({name: Observed(Kind.CONSTANT, value=value) for name, value in sizes.items() if name not in named})
    return Observation(function, "flashinfer trace dump", "", module, named, complete=False)


def _dumped(item: dict[str, Any], sizes: dict[str, int]) -> Observed:
    shape = item.get("shape")
    if shape is None:
        value = item.get("value")
        return _plain(value) if value is not None else Observed(Kind.UNKNOWN, reason="the dump has no value of it")
    known = [sizes.get(str(size), size) for size in shape]
    whole = all(isinstance(size, int) for size in known)
    return Observed(Kind.TENSOR, str(item.get("dtype", "")), tuple(known) if whole else None)


# values


def _tensor(dtype: str, shape: list[int], stride: list[int] | None, device: str) -> Observed:
    strides = tuple(stride) if stride is not None else None
    contiguous = None if strides is None else _is_contiguous(tuple(shape), strides)
    return Observed(Kind.TENSOR, dtype.removeprefix("torch."), tuple(shape), strides, contiguous, device=device)


def _is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    expected = 1
    if 0 in shape:
        return True
    for size, stride in zip(reversed(shape), reversed(strides), strict=False):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def _plain(value: object) -> Observed:
    if value is None:
        return Observed(Kind.NONE)
    if isinstance(value, bool | int | float | str):
        return Observed(Kind.CONSTANT, value=value)
    if isinstance(value, dict) and "name" in value and "value" in value:
        return _plain(value["value"])
    return Observed(Kind.UNKNOWN, reason="the log says it in its own words")


def _word(word: str) -> Observed:
    enum = _ENUM.match(word)
    if enum:
        return Observed(Kind.CONSTANT, value=int(enum[2]))
    if word == "None":
        return Observed(Kind.NONE)
    if word in ("True", "False"):
        return Observed(Kind.CONSTANT, value=word == "True")
    if word.startswith("torch."):
        return Observed(Kind.DTYPE, word.removeprefix("torch."))
    for kind in (int, float):
        try:
            return Observed(Kind.CONSTANT, value=kind(word))
        except ValueError:
            continue
    if word[:1] in "'\"":
        return Observed(Kind.CONSTANT, value=word[1:-1])
    return Observed(Kind.UNKNOWN, reason="the log says it in its own words")
