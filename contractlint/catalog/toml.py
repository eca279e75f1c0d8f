"""The TOML parser of the standard library, or its twin for Python 3.10."""

from __future__ import annotations

import json
import sys
from typing import Any

if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError, loads
else:
    from tomli import TOMLDecodeError, loads

__all__ = ["TOMLDecodeError", "loads", "loads_flat"]


def loads_flat(text: str) -> dict[str, Any]:
    """Parse a document of tables whose values each stand on one line and are JSON as well, such as signatures.toml.

    That is how our own tools write big files, and it is ten times as fast. Any other document goes to the real parser.
    """
    document: dict[str, Any] = {}
    table: dict[str, Any] | None = None
    try:
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith('["') and line.endswith('"]'):
                table = {}
                name = json.loads(line[1:-1])
                if name in document:
                    return loads(text)
                document[name] = table
                continue
            key, equals, value = line.partition(" = ")
            if table is None or not equals:
                return loads(text)
            plain = key.isalnum()
            key = key if plain else json.loads(key)
            item = json.loads(value)
            if key in table or item is None or (isinstance(item, list) and None in item):
                return loads(text)
            table[key] = item
    except (ValueError, TypeError):
        return loads(text)
    return document
