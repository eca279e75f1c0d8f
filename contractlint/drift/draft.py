"""Draft a contract from what a release says: its signature, its docstring, the checks in its Python and C++ sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from contractlint.catalog import Catalog
from contractlint.catalog.evidence import ELISION, locate
from contractlint.catalog.signatures import parse_signature, render
from contractlint.drift.api import Callable_, read_public
from contractlint.drift.checks import Check
from contractlint.drift.docs import dtype_words, parameter_texts
from contractlint.drift.reach import reached
from contractlint.drift.wheel import Wheel
from contractlint.model.contract import Parameter
from contractlint.model.dtypes import canonical

_BOUND = re.compile(r"\A(?P<name>\w+)\s*(?P<sign><=|>=|<|>|==|!=)\s*(?P<number>\d+)\Z")
_MULTIPLE = re.compile(r"\A(?P<name>\w+)\s*%\s*(?P<number>\d+)\s*==\s*0\Z")


@dataclass(slots=True)
class _Clause:
    aspect: str
    keys: list[str]
    source: str


@dataclass(slots=True)
class _Draft:
    clauses: list[_Clause] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def find(wheel: Wheel, name: str) -> list[Callable_]:
    """Return the public callables of a name: the whole of it, or else its last part."""
    entries = read_public(wheel)
    exact = [entry for entry in entries if name in entry.names]
    return exact or [entry for entry in entries if any(path.endswith(f".{name}") for path in entry.names)]


def draft(catalog: Catalog, wheel: Wheel, entry: Callable_) -> str:
    """Return a contract file for a callable, each of whose clauses must be reviewed before it loads."""
    paths = sorted(entry.names, key=lambda path: (path.endswith(".__init__"), path.count("."), path))
    name = next((known for path in paths if (known := catalog.canonical(path))), paths[0])
    parameters = parse_signature(entry.signature)[0]
    file, _, line = entry.at.rpartition(":")
    file = f"{wheel.package}/{file}"
    places = _Places(wheel, {path: short for short, path in catalog.files(wheel.library).items()})
    drafts = {parameter.name: _Draft() for parameter in parameters}
    python, cpp = reached(wheel, file, int(line))
    for enforced, checks in (("python", python), ("ffi", cpp)):
        for check in checks:
            _from_check(check, enforced, drafts, places)
    function = name.rpartition(".")[2]
    tensors = {parameter.name for parameter in parameters if _may_be_tensor(parameter)}
    for parameter, said in parameter_texts(entry.doc, drafts).items():
        if parameter in tensors:
            _from_docstring(said, drafts[parameter], places.of(file, said, int(line), function))
    head = [
        "#:schema ../schema.json",
        f"# A draft, made from {wheel.library} {wheel.release}. Compare each clause with the code, mend it, and delete",
        "# its to_be_reviewed, and at last that of the file; until then the file does not load. Remarks are checks that",
        "# fit no clause. Where nothing was found, that is no sign that the code asks for nothing.",
        f"entry_point = {json.dumps(name)}",
        f"summary = {json.dumps(next(iter(entry.doc.splitlines()), ''), ensure_ascii=False)}",
        "to_be_reviewed = true",
    ]
    body = [line for parameter in parameters for line in _lines(parameter, drafts[parameter.name])]
    return "\n".join([*head, *body]) + "\n"


def _may_be_tensor(parameter: Parameter) -> bool:
    """Whether dtype words in its documentation can be about the parameter itself."""
    return not parameter.annotation or "Tensor" in parameter.annotation


def _lines(parameter: Parameter, found: _Draft) -> Iterator[str]:
    yield ""
    yield f"# --- {render(parameter)}" + ("" if found.clauses or found.remarks else "  (nothing found)")
    yield from (f"# {remark}" for remark in dict.fromkeys(found.remarks))
    for aspect in dict.fromkeys(clause.aspect for clause in found.clauses):
        clauses = list(
            {clause.keys[0]: clause for clause in reversed(found.clauses) if clause.aspect == aspect}.values()
        )
        table = f"parameters.{parameter.name}.{aspect}"
        for clause in reversed(clauses):
            yield ""
            yield f"[[{table}]]" if len(clauses) > 1 else f"[{table}]"
            yield f"to_be_reviewed = true  # drafted from {clause.source}"
            yield from clause.keys


def _from_check(check: Check, enforced: str, drafts: dict[str, _Draft], places: _Places) -> None:
    words = re.findall(r"(?<![\w.])\w+", check.condition)
    name = next((word for word in words if word in drafts), None)
    if name is None:
        return
    source = "a check in Python" if enforced == "python" else "a check in C++"
    evidence = f"evidence = [{_quoted(places.check(check))}]"
    found = list(_requirements(name, check))
    if not found:
        message = f" ({check.message})" if check.message else ""
        drafts[name].remarks.append(f"{check.file}:{check.line}: {check.condition}{message}"[:300])
        return
    for aspect, key in found:
        drafts[name].clauses.append(_Clause(aspect, [key, f'enforced = "{enforced}"', evidence], source))


def _requirements(name: str, check: Check) -> Iterator[tuple[str, str]]:
    """Yield (aspect, key = value) of a check that has one of the forms that are common."""
    condition = check.condition
    plain = re.sub(r"\.value\(\)|\s", "", condition)
    bound, multiple = _BOUND.match(condition.strip()), _MULTIPLE.match(condition.strip())
    members = re.fullmatch(rf"{name}in[(\[{{]([\d,]+)[)\]}}]", plain)
    if re.fullmatch(rf"CHECK_(CONTIGUOUS|INPUT)\w*\({name}\b.*\)|{name}\.(is_contiguous|IsContiguous)\(\)", plain):
        yield "layout", 'accepts = "contiguous"'
    if (
        re.match(rf"{name}\.dtype(\b|in[(\[{{]|istorch\.)|CHECK_INPUT\w*TYPE\({name},", plain)
        and "!=" not in plain
        and "&&" not in plain
    ):
        dtypes = _accepted(condition)
        if dtypes:
            yield "dtype", f"accepts = {_array(dtypes)}"
    elif plain in (f"{name}.has_value()", f"{name}isnotNone", f"{name}!=nullptr"):
        yield "presence", "required = true"
    elif members:
        yield "value", f"accepts = [{', '.join(filter(None, members[1].split(',')))}]"
    elif multiple and multiple["name"] == name:
        yield "value", f"multiple_of = {multiple['number']}"
    elif bound and bound["name"] == name and bound["sign"] != "!=":
        number = int(bound["number"])
        key, value = {
            "<=": ("maximum", number), "<": ("maximum", number - 1), ">=": ("minimum", number),
            ">": ("minimum", number + 1), "==": ("accepts", number),
        }[bound["sign"]]  # fmt: skip
        yield "value", f"{key} = {value}"


def _accepted(text: str) -> list[str]:
    """Return torch's names of the dtypes that a text names; kinds that are no dtype of torch do not count."""
    return sorted(name for name in dtype_words(text) if canonical(name))


def _from_docstring(said: str, found: _Draft, evidence: str) -> None:
    dtypes = _accepted(said)
    if not dtypes:
        return
    if any(clause.aspect == "dtype" for clause in found.clauses):
        found.remarks.append(f"The documentation says: {' '.join(said.split())}"[:300])
        return
    keys = [
        f"accepts = {_array(dtypes)}",
        'enforced = "none"',
        'effect = "silent"',
        'consequence = "the bytes are read as another dtype"',
        f"evidence = [{_quoted(evidence)}]",
    ]
    found.clauses.append(_Clause("dtype", keys, "the docstring: no check was found, and the code decides"))


class _Places:
    """Writes evidence: a kind, a file, a release and a line, and a piece of that line by which it is found again."""

    def __init__(self, wheel: Wheel, short: dict[str, str]) -> None:
        self._wheel, self._short = wheel, short

    def check(self, check: Check) -> str:
        return self._line("check", check.file, check.line, _scope(check))

    def of(self, file: str, said: str, line: int, function: str) -> str:
        """Cite the first line of a docstring's words on a parameter that names a dtype."""
        piece = next((part.strip() for part in said.splitlines() if _accepted(part)), "")
        lines = (self._wheel.text(file) or "").splitlines()
        at = next((n for n in range(line, len(lines) + 1) if piece and piece in lines[n - 1]), line)
        return self._line("doc", file, at, f"def {function}(")

    def _line(self, kind: str, file: str, line: int, begins: str) -> str:
        lines = (self._wheel.text(file) or "").splitlines()
        place = f"{kind} {self._short.get(file, file)} {self._wheel.release}:{line}"
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        for quote in _quotes(text, begins):
            if locate(quote, lines) == line:
                return f'{place} "{quote}"'
        return place


def _scope(check: Check) -> str:
    """Return how the definition begins that a check stands in."""
    parts = re.split(r"::|\.", check.function)
    if check.file.endswith(".py"):
        return f"def {parts[-1]}("
    return f"class {parts[-2]}" if len(parts) > 1 and parts[-2][:1].isupper() else f"{parts[-1]}("


def _quotes(text: str, begins: str) -> Iterator[str]:
    """Yield pieces of a line that may tell it from others, the most telling first."""
    messages: Iterable[str] = re.findall(r'"([^"\\]{8,})"', text)
    pieces = [*messages, text.replace('"', "").strip() if '"' not in text else text.partition('"')[0].strip()]
    for piece in pieces:
        if piece:
            yield piece
            yield f"{begins}{ELISION}{piece}"


def _array(names: Sequence[str]) -> str:
    return json.dumps(names[0]) if len(names) == 1 else json.dumps(list(names))


def _quoted(text: str) -> str:
    """Write a string of TOML: literal, so that its quotes stay readable, where it holds no apostrophe."""
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)
