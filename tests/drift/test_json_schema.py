"""The JSON Schema of contract files: current, and of one mind with the loader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contractlint.catalog import toml
from contractlint.drift.json_schema import json_schema, schema_text
from tests.drift.conftest import MOE, Run

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
NO_CONTRACTS = {"releases.toml", "enums.toml", "signatures.toml", "results.toml", "uncovered.toml"}
FILES = [path for path in sorted(CONTRACTS.rglob("*.toml")) if path.name not in NO_CONTRACTS]
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float), "integer": int,
}  # fmt: skip


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield where a value breaks a schema: as much of JSON Schema as ours uses, and no key of it unread."""
    for key, rule in schema.items():
        match key:
            case "$ref":
                yield from violations(value, root["definitions"][rule.rpartition("/")[2]], root, path)
            case "type":
                kinds = rule if isinstance(rule, list) else [rule]
                boolean = isinstance(value, bool)
                if not any(isinstance(value, TYPES[kind]) and (kind == "boolean") == boolean for kind in kinds):
                    yield f"{path}: not of type {rule}"
            case "enum":
                if value not in rule:
                    yield f"{path}: {value!r} is none of {rule}"
            case "const":
                if value != rule:
                    yield f"{path}: {value!r} is not {rule!r}"
            case "pattern":
                if isinstance(value, str) and not re.search(rule, value):
                    yield f"{path}: {value!r} does not match {rule}"
            case "required":
                yield from (f"{path}: no {name}" for name in rule if isinstance(value, dict) and name not in value)
            case "minItems" | "minProperties":
                if isinstance(value, list | dict) and len(value) < rule:
                    yield f"{path}: too few"
            case "minimum":
                if isinstance(value, int | float) and value < rule:
                    yield f"{path}: below {rule}"
            case "maxProperties":
                if isinstance(value, dict) and len(value) > rule:
                    yield f"{path}: too many"
            case "items":
                for index, item in enumerate(value if isinstance(value, list) else []):
                    yield from violations(item, rule, root, f"{path}[{index}]")
            case "properties" | "additionalProperties":
                for name, item in value.items() if isinstance(value, dict) else ():
                    known = name in schema.get("properties", {})
                    if key == "properties" and known:
                        yield from violations(item, rule[name], root, f"{path}.{name}")
                    elif key == "additionalProperties" and not known:
                        if rule is False:
                            yield f"{path}: unknown key {name}"
                        else:
                            yield from violations(item, rule, root, f"{path}.{name}")
            case "allOf":
                for part in rule:
                    yield from violations(value, part, root, path)
            case "anyOf":
                tried = [list(violations(value, part, root, path)) for part in rule]
                if all(tried):
                    yield from (line for lines in tried for line in lines)
            case "not":
                if not list(violations(value, rule, root, path)):
                    yield f"{path}: is what it must not be"
            case "$schema" | "title" | "description" | "definitions":
                pass
            case _:
                raise AssertionError(f"the test does not know {key}")


def broken(text: str) -> list[str]:
    schema = json_schema()
    return list(violations(toml.loads(text), schema, schema))


def test_the_file_is_current() -> None:
    """Renew it with: contractlint contracts schema > contracts/schema.json"""
    assert (CONTRACTS / "schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(CONTRACTS).as_posix())
def test_what_the_loader_takes_fits(file: Path) -> None:
    assert broken(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", ""),
        ('accepts = "bfloat16"', 'accepts = "bf16"', "'bf16' is "),
        ('enforced = "ffi"', 'enforced = "C++"', "'C++' is none of"),
        ('effect = "silent"', 'efect = "silent"', "unknown key efect"),
        ('accepts = "any"', "", ": no accepts"),
        ("otherwise = true", 'otherwise = "yes"', "not of type boolean"),
        ('enforced = "ffi"', 'enforced = "ffi"\nto_be_reviewed = true', "True is none of [False]"),
        ('entry_point = "demo.moe"', "", ": no entry_point"),
        ("[parameters.x.dtype]", "[paramters.x.dtype]", "unknown key x"),
    ],
)
def test_mistakes_do_not_fit(old: str, new: str, message: str) -> None:
    assert old in MOE
    found = broken(MOE.replace(old, new, 1))
    assert bool(found) == bool(message)
    assert not message or any(message in line for line in found), found


def test_every_key_says_what_it_means() -> None:
    schema = json_schema()
    for part in (schema, *schema["definitions"].values()):
        for key, rule in part.get("properties", {}).items():
            assert rule["description"].endswith((".", "…")), key


def test_command(contractlint: Run) -> None:
    assert contractlint("contracts", "schema") == (0, schema_text(), "")
