"""The JSON Schema of contract files, made from the keys that the loader knows; editors complete through it."""

from __future__ import annotations

import json
from typing import Any

from contractlint.catalog.schema import (
    ANY,
    ASPECT_KEYS,
    ASPECTS,
    COMMON_KEYS,
    DOCUMENTED_KEYS,
    ENTRY_KEYS,
    PARAMETER_KEYS,
    RESULT_LAYOUT_KEYS,
    RETURN_KEYS,
)
from contractlint.model.contract import Effect, Enforcement
from contractlint.model.dtypes import ALIASES, DTYPES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_TESTS: Schema = {
    "type": "object",
    "additionalProperties": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]},
    "minProperties": 1,
}
_SAYS = {
    "entry_point": "The name under which the library exports the function, method or class.",
    "library": "The library's name on the package index; needed only outside of its folder.",
    "family": "A word that entry points of one kind share.",
    "summary": "What the entry point does, in one sentence.",
    "capabilities": "The chips that it runs on.",
    "tags": "Words to find it by.",
    "signature": 'Only for a library without signatures.toml, as in "(x, factor, *, out=None)".',
    "returns": "What is really returned, where the annotation does not say it.",
    "layouts": "In which byte layout the result lies, part by part.",
    "of": "The part of a result that is a tuple, from 0; the whole result without it.",
    "parameters": "The clauses, by parameter.",
    "like": "A table of shared/*.toml, as in trtllm_moe.routing_bias; aspects stated here replace those there.",
    "documented": "What the library's documentation says, where its code does something else.",
    "dtype": "Which torch dtypes are read rightly.",
    "presence": "Whether it must be passed, or is ignored.",
    "value": "Enum members, literals or bounds.",
    "layout": "contiguous, a byte layout that code must have produced, strides, or the alignment of the address.",
    "shape": 'One expression a dimension, as in "[..., num_tokens, hidden_size / 2]"; `_` is any size.',
    "device": "Which other tensor it must be on the device of.",
    "allocation": "How the memory must have been allocated: zeroed; scratch says that the kernel writes all over it.",
    "size": "The bytes that a tensor must have at least.",
    "forwarding": "A caller that has the value must pass it on: the default, or a literal, means something else.",
    "known_as": "Other names under which callers keep the value; [] for none.",
    "aspect": "The aspect that the documentation speaks about; dtype unless it says otherwise.",
    "releases": 'A PEP 440 specifier over the known releases, as in ">=0.6.7,<0.6.8"; all releases without it.',
    "says": "The words of the documentation.",
    "accepts": 'What is accepted; "any" forbids nothing.',
    "evidence": 'Where this was found: check launcher 0.6.4:1905 0.6.6:1948 "a piece of that line".',
    "is": "What is returned: Tensor, list, …; of a layout its name: linear, swizzled 128x4, …",
    "note": "What else a reader should know.",
    "when": 'Tests on other arguments, all of which hold: { routing_method_type = "DeepSeekV3" }.',
    "unless": "One such test, which does not hold.",
    "otherwise": "Where no `when` or `unless` beside it applies.",
    "enforced": "Who checks it: python, ffi (the C++ launcher) or none.",
    "effect": "What a breach does: raises, silent (a wrong result), fault (illegal access) or slow.",
    "consequence": "What happens on a breach, in one phrase.",
    "to_be_reviewed": "This is a draft, which does not load; delete this key when code and clause agree.",
    "dtypes": "The dtypes of the tensors that are returned, in their order.",
    "same_as": "The parameter whose dtype it must have, or on whose device it must be.",
    "lets_through": "Dtypes that the library's check admits although the kernel reads fewer.",
    "reads": "The dtype that the kernel takes the bytes of any other for, where it accepts several.",
    "required": "True: it must be passed and not be None.",
    "ignored": "True: what is passed has no effect.",
    "minimum": "The least value; of a size, in bytes.",
    "maximum": "The greatest value.",
    "multiple_of": "The value is a multiple of this.",
    "strides": 'One a dimension, in elements, as in "[..., 1]"; `_` is any stride, `...` any leading dimensions.',
    "alignment": "Bytes that the address of the data is a multiple of.",
}
_TYPES: dict[str, Schema] = {
    "tags": _TEXTS,
    "evidence": _TEXTS,
    "known_as": _TEXTS,
    "when": _TESTS,
    "unless": {**_TESTS, "maxProperties": 1},
    "otherwise": _FLAG,
    "required": _FLAG,
    "ignored": _FLAG,
    "to_be_reviewed": {"enum": [False]},
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "multiple_of": _NUMBER,
    "enforced": {"enum": [item.value for item in Enforcement]},
    "effect": {"enum": [item.value for item in Effect]},
    "aspect": {"enum": list(ASPECTS)},
    "lets_through": {"$ref": "#/definitions/dtypes"},
    "reads": {"enum": [*DTYPES, *ALIASES]},
    "shape": {"type": "string", "pattern": r"^(any|\[.*\])$"},
    "strides": {"type": "string", "pattern": r"^\[.*\]$"},
    "alignment": {"type": "integer", "minimum": 1},
}


def json_schema() -> Schema:
    """Return the schema of contract files and of the files in `shared`, whose tables are those of parameters."""
    dtype = {"enum": [*DTYPES, *ALIASES]}
    parameter = _object(
        PARAMETER_KEYS,
        {aspect: _one_or_more(f"{aspect}-clause") for aspect in ASPECTS} | {"documented": _one_or_more("documented")},
    )
    definitions: dict[str, Schema] = {
        "dtypes": {"anyOf": [dtype, {"type": "array", "items": dtype, "minItems": 1}]},
        "parameter": parameter,
        "documented": _object(DOCUMENTED_KEYS, {"accepts": {"$ref": "#/definitions/dtypes"}}, ("says", "evidence")),
        "return": _object(
            RETURN_KEYS, {"dtypes": {"type": "array", "items": dtype, "minItems": 1}}, ("is", "evidence")
        ),
        "result-layout": _object(RESULT_LAYOUT_KEYS, {"of": {"type": "integer", "minimum": 0}}, ("is", "evidence")),
    }
    for aspect in ASPECTS:
        definitions[f"{aspect}-clause"] = _clause(aspect)
    root = _object(
        ENTRY_KEYS,
        {
            "returns": _one_or_more("return"),
            "layouts": {"type": "array", "items": {"$ref": "#/definitions/result-layout"}, "minItems": 1},
            "parameters": {"type": "object", "additionalProperties": {"$ref": "#/definitions/parameter"}},
        },
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "contractlint contract",
        "description": "Made by `contractlint contracts schema`; do not edit by hand.",
        **root,
        "additionalProperties": {"$ref": "#/definitions/parameter"},
        "anyOf": [{"required": ["entry_point"]}, {"not": {"required": ["parameters"]}}],
        "definitions": definitions,
    }


def schema_text() -> str:
    """Return the schema as the text of `contracts/schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _clause(aspect: str) -> Schema:
    dtypes: Schema = {"anyOf": [{"const": ANY}, {"$ref": "#/definitions/dtypes"}]}
    values: Schema = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
    accepts = {"dtype": dtypes, "value": values, "shape": _TYPES["shape"]}.get(aspect, _TEXT)
    return {
        **_object(COMMON_KEYS | ASPECT_KEYS[aspect], {"accepts": accepts}, ("evidence",)),
        # The keys of which a clause has at least one: those that say what it asks for.
        "anyOf": [{"required": [key]} for key in sorted(ASPECT_KEYS[aspect] - {"lets_through", "reads"})],
    }


def _object(keys: set[str], types: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    properties = {key: _described(key, types.get(key) or _TYPES.get(key, _TEXT)) for key in sorted(keys)}
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _described(key: str, schema: Schema) -> Schema:
    # Beside a $ref other words do not count in this version of JSON Schema, so it moves one level down.
    return {"description": _SAYS[key], **({"allOf": [schema]} if "$ref" in schema else schema)}


def _one_or_more(definition: str) -> Schema:
    one = {"$ref": f"#/definitions/{definition}"}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
