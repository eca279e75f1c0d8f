"""The fast reader of flat documents gives what the real parser gives, whatever the document."""

from __future__ import annotations

import pytest

from contractlint.catalog import toml
from contractlint.catalog.loader import shipped_folder

DOCUMENTS = [
    '["a.b"]\nnames = ["x"]\n"1.0" = ["(a: int = 1) -> T"]\n',
    "# only a comment\n",
    '[a]\nnames = ["x"]\n',
    '["a"]\nvalue = 1979-05-27\n',
    '["a"]\nvalue = [\n  1,\n  2,\n]\n',
    "[\"a\"]\nvalue = 'literal'\n",
    '["a"]\nx.y = 1\n',
    '["a"]\nvalue = "tab \\t" # with a comment\n',
    '["a"]\nvalue = [1, 2]\n\n["b"]\n"c d" = "\\u00e9"\n',
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_flat_document_reads_the_same(document: str) -> None:
    assert toml.loads_flat(document) == toml.loads(document)


@pytest.mark.parametrize(
    "document",
    [
        '["a"]\nx = 1\nx = 2\n',
        '["a"]\nx = 1\n["a"]\n',
        "x\n",
        '["a"]\nx = nul\n',
        '["a"]\nx = [null]\n',
        '["a"]\nx = null\n',
    ],
)
def test_what_is_not_toml_is_refused(document: str) -> None:
    with pytest.raises(toml.TOMLDecodeError):
        toml.loads_flat(document)


def test_the_shipped_signatures_read_the_same() -> None:
    text = (shipped_folder() / "flashinfer" / "signatures.toml").read_text(encoding="utf-8")
    assert toml.loads_flat(text) == toml.loads(text)
