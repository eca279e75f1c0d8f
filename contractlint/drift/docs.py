"""What docstrings say of parameters, and of their dtypes."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The words that people write for a dtype, by the name that torch has for it; kinds of fp8 and fp4 keep their own.
_WORDS = {
    "bfloat16": r"bf(?:loat)?_?16|kBFloat16",
    "float32": r"fp32|float32|f32|kFloat(?:32)?|single precision",
    "float16": r"fp16|float16|f16|half|kHalf",
    "float64": r"fp64|float64|double",
    "float8_e4m3fn": r"float8_e4m3fn|fp8_e4m3|e4m3(?:fn)?",
    "float8_e5m2": r"float8_e5m2|fp8_e5m2|e5m2",
    "float8_e8m0fnu": r"float8_e8m0fnu|ue8m0|e8m0",
    "fp8": r"fp8|float8",
    "mxfp8": r"mxfp8",
    "fp4": r"fp4|float4|e2m1\w*",
    "nvfp4": r"nvfp4",
    "mxfp4": r"mxfp4",
    "mxint4": r"mxint4",
    "int4": r"int4",
    "int8": r"int8|kInt8",
    "uint8": r"uint8|kByte",
    "int16": r"int16",
    "int32": r"int32|kInt(?:32)?",
    "uint32": r"uint32",
    "int64": r"int64|kLong",
    "bool": r"torch\.bool",
}
# `dl_bfloat16` and `torch.bfloat16` are words with something in front; `bfloat16_t` is a C++ type.
_PATTERNS = {
    name: re.compile(rf"(?<![A-Za-z0-9])(?:dl_)?(?:{words})(?:_t)?(?![A-Za-z0-9_])", re.I)
    for name, words in _WORDS.items()
}


def dtype_words(text: str) -> frozenset[str]:
    """Return the dtypes that a text names."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))


def parameter_texts(doc: str, parameters: Iterable[str]) -> dict[str, str]:
    """Return what a docstring says of each parameter, from where it is named to where the next one is."""
    names = "|".join(map(re.escape, parameters))
    if not names:
        return {}
    begins = re.compile(rf"^[ \t]*[-*]?[ \t]*`{{0,2}}(?P<name>{names})`{{0,2}}[ \t]*(?:\([^)]*\))?[ \t]*:", re.M)
    found: dict[str, str] = {}
    matches = list(begins.finditer(doc))
    for match, following in zip(matches, [*matches[1:], None], strict=False):
        text = doc[match.start() : following.start() if following else len(doc)]
        found.setdefault(match["name"], re.split(r"\n[ \t]*\n[ \t]*(?:Returns|Note|Raises|Example|-{3})", text)[0])
    return found
