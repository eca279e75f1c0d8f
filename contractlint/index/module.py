"""One file: its functions and classes by their outline, parsed piece by piece when they are asked about.

Most of a file is never looked into, and parsing is what a run would spend its time on. So a definition is cut out of the
text and parsed alone. Where that fails, the file is laid out in an unusual way or is not Python: then all of it is parsed.
"""

from __future__ import annotations

import ast
import marshal
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from contractlint.index.build import ClassParts, FunctionParts, StatementBuilder
from contractlint.index.imports import Import, imported
from contractlint.index.ir import Expr, ParamIR, Stmt
from contractlint.index.outline import Definition, Outline
from contractlint.index.pieces import ClassIR, FunctionIR
from contractlint.index.reading import normal, parse, parse_whole, wrong_encoding
from contractlint.index.uses import USES, places

_NOTHING_KNOWN = FunctionParts((), (), None, marshal.dumps(()))
_NO_CLASS = ClassParts((), (), (), {}, ())
_WRAPPER = "if 1:\n"


class ModuleIR:
    """One file.

    `package` resolves relative imports. `trouble` says why the file does not parse; it is known once a piece that does not
    parse was asked for. `grown` is set when more was parsed than the cache held.
    """

    def __init__(self, source: bytes, package: str) -> None:
        self.source = normal(source)
        self.package = package
        wrong = wrong_encoding(source)
        self.trouble = f"does not parse: {wrong}" if wrong else ""
        self.grown = False
        self.outline = outline = Outline(self.source)
        self.functions: list[FunctionIR] = [FunctionIR(self, 0, "<module>", "<module>", 1, -1, -1)]
        self.classes: list[ClassIR] = []
        self._functions: list[Definition | None] = [None]
        self._classes: list[Definition] = []
        self._numbers: dict[int, int] = {}
        for definition in outline.definitions:
            around = outline.definitions[definition.scope] if definition.scope >= 0 else None
            qualname, owner, parent = definition.name, -1, -1
            if around is not None and around.is_class:
                inside = self.classes[around.number]
                qualname, owner, parent = f"{inside.qualname}.{definition.name}", around.number, inside.parent
            elif around is not None:
                qualname, parent = f"{self.functions[around.number].qualname}.{definition.name}", around.number
            number, line = definition.number, definition.line
            self._numbers[line] = number
            if definition.is_class:
                self._classes.append(definition)
                self.classes.append(ClassIR(self, number, definition.name, qualname, line, parent))
            else:
                self._functions.append(definition)
                self.functions.append(FunctionIR(self, number, definition.name, qualname, line, owner, parent))
        # What was asked of the text, and the answers (`contractlint.index.looked`).
        self.used: dict[tuple[str, str], tuple[int, ...]] = {}
        self.declared: dict[str, list[Definition]] = {}
        self.quoted: dict[str, tuple[int, ...]] = {}
        self.worded: set[int] = set()
        self._is_python: bool | None = None
        self._imports: list[tuple[int, int, int, tuple[Import, ...]]] | None = None
        self._nested: dict[int, list[int]] | None = None

    @property
    def is_parsed(self) -> bool:
        """Whether more than the outline is known."""
        functions, classes = (any(piece.known is not None for piece in kind) for kind in (self.functions, self.classes))
        return not self.trouble and (functions or classes)

    def definition_of_function(self, number: int) -> Definition:
        """Where a function stands; the module itself stands nowhere."""
        definition = self._functions[number]
        assert definition is not None
        return definition

    def definition_of_class(self, number: int) -> Definition:
        """Where a class stands."""
        return self._classes[number]

    # pieces

    def header(self, number: int) -> tuple[tuple[ParamIR, ...], tuple[Expr, ...], Expr | None]:
        """Parameters, decorators and annotated result of a function."""
        definition = self._functions[number]
        if definition is None:
            return (), (), None
        text = self.source[definition.first : self.outline.head(definition)].decode(errors="replace") + " pass\n"
        try:
            node, builder = self._cut(definition, text)
        except (SyntaxError, ValueError):
            return self.function_parts(number)[:3]
        assert not isinstance(node, ast.ClassDef)
        return builder.header(node)

    def function_parts(self, number: int) -> FunctionParts:
        """A function with its body, and those within it."""
        self.grown = True
        definition = self._functions[number]
        if self.trouble:
            return _NOTHING_KNOWN
        try:
            if definition is None:
                return self._module_parts()
            text = self.source[definition.first : self.outline.end(definition)].decode()
            node, builder = self._cut(definition, text)
            assert not isinstance(node, ast.ClassDef)
            parts = builder.function(node)
            self._keep_nested(builder)
            return parts
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.parse_all()
            return self.functions[number].known or _NOTHING_KNOWN

    def class_parts(self, number: int) -> ClassParts:
        """A class, without the bodies of what is defined in it."""
        self.grown = True
        if self.trouble:
            return _NO_CLASS
        definition = self._classes[number]
        try:
            text, marks = self._without_definitions(definition.first, self.outline.end(definition), definition)
            node, builder = self._cut(definition, text, marks)
            assert isinstance(node, ast.ClassDef)
            return builder.class_(node, self._name_of)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.parse_all()
            return self.classes[number].known or _NO_CLASS

    def _name_of(self, number: int) -> str:
        return self.functions[number].name

    def _module_parts(self) -> FunctionParts:
        text, marks = self._without_definitions(0, len(self.source), None)
        tree = parse(text)
        builder = StatementBuilder(self.package, 0, self._numbers.get, marks)
        return FunctionParts((), (), None, marshal.dumps(builder.block(tree.body)))

    def _cut(
        self, definition: Definition, text: str, marks: dict[int, Stmt] | None = None
    ) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, StatementBuilder]:
        """Parse the text of one definition, at the place where it stands."""
        line = definition.line - self.source.count(b"\n", definition.first, definition.start)
        if definition.indent:
            outer = parse(_WRAPPER + text).body[0]
            node, shift = outer.body[0] if isinstance(outer, ast.If) else outer, line - 2
        else:
            node, shift = parse(text).body[0], line - 1
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            raise SyntaxError("not a definition")
        if node.lineno + shift != definition.line:
            raise SyntaxError("not the definition that was looked for")
        return node, StatementBuilder(self.package, shift, self._numbers.get, marks)

    def _without_definitions(self, start: int, end: int, around: Definition | None) -> tuple[str, dict[int, Stmt]]:
        """A part of the text with a `pass` in the place of each definition in it, and what each `pass` stands for."""
        source, pieces, marks = self.source, list[bytes](), dict[int, Stmt]()
        definitions = self.outline.definitions
        at = start
        index = bisect_right(self.outline.starts, start) if around is not None else 0
        while index < len(definitions) and definitions[index].first < end:
            inner = definitions[index]
            index += 1
            if inner.first < at:
                continue  # within one that is left out
            last = self.outline.end(inner)
            before = source.count(b"\n", inner.first, inner.start)
            after = source.count(b"\n", inner.start, last)
            pieces += [source[at : inner.first], b"\n" * before, b" " * inner.indent, b"pass", b"\n" * after]
            if source[inner.start : inner.start + inner.indent].strip(b" "):
                pieces[-3] = source[inner.start : inner.start + inner.indent]
            marks[inner.line] = ("class" if inner.is_class else "def", inner.line, inner.number)
            at = last
        pieces.append(source[at:end])
        return b"".join(pieces).decode(), marks

    def _keep_nested(self, builder: StatementBuilder) -> None:
        """Keep what was parsed on the way: definitions within a function."""
        for node in builder.defined:
            number = self._numbers[node.lineno + builder.shift]
            if isinstance(node, ast.ClassDef):
                self.classes[number].known = self.classes[number].known or builder.class_(node, self._name_of)
            else:
                self.functions[number].known = self.functions[number].known or builder.function(node)

    def parse_all(self) -> None:
        """Parse the whole file, for the pieces that could not be cut out of it."""
        tree = self.verify()
        if tree is None:
            return
        builder = StatementBuilder(self.package, 0, self._numbers.get)
        try:
            self.functions[0].known = FunctionParts((), (), None, marshal.dumps(builder.block(tree.body)))
            self._keep_nested(builder)
        except (ValueError, RecursionError, MemoryError) as error:
            self.trouble = f"does not parse: {error}"
        for function in self.functions:
            function.known = function.known or _NOTHING_KNOWN
        for cls in self.classes:
            cls.known = cls.known or _NO_CLASS

    @property
    def is_python(self) -> bool:
        """Whether all of the file parses; where it does not, `trouble` says why."""
        if self._is_python is None:
            self._is_python = self.verify() is not None
        return self._is_python

    def verify(self) -> ast.Module | None:
        """Parse the whole file; where that fails, `trouble` says why."""
        if self.trouble:
            return None
        try:
            return parse_whole(self.source)
        except SyntaxError as error:
            self.trouble = f"does not parse: {error.msg} (line {error.lineno})"
        except (ValueError, RecursionError, MemoryError) as error:
            self.trouble = f"does not parse: {error}"
        return None

    # places

    def plain_methods(self, number: int) -> dict[str, int] | None:
        """The methods of a class by name; None where some are defined under a guard."""
        definitions = self.outline.definitions
        own = definitions.index(self._classes[number])
        inner = [d for d in definitions[own + 1 :] if d.scope == own]
        if len({d.indent for d in inner}) > 1:
            return None
        return {d.name: d.number for d in inner if not d.is_class}

    def decorators_text(self, number: int) -> bytes:
        """The text of the decorators of a function."""
        definition = self._functions[number]
        return b"" if definition is None else self.source[definition.first : definition.start]

    def header_text(self, number: int) -> bytes:
        """The text of a function up to its body, decorators included."""
        definition = self._functions[number]
        return b"" if definition is None else self.source[definition.first : self.outline.head(definition)]

    def end_line(self, number: int) -> int:
        """The last line of a function that is neither blank nor a comment."""
        definition = self._functions[number]
        source, start = self.source, 0 if definition is None else definition.start
        end = len(source) if definition is None else self.outline.end(definition)
        while end > start:
            line = source.rfind(b"\n", start, end - 1) + 1
            text = source[max(line, start) : end].strip()
            if text and (not text.startswith(b"#") or self.outline.in_string(line)):
                break
            end = line
        return source.count(b"\n", 0, max(end - 1, 0)) + 1

    def function_at(self, place: int) -> int:
        """The number of the function whose body a place in the text lies in: a header belongs to what is around it."""
        index = self.outline.at(place)
        while index >= 0:
            definition = self.outline.definitions[index]
            if not definition.is_class and place >= self.outline.head(definition):
                return definition.number
            index = definition.scope
        return 0

    def function_around(self, line: int) -> int:
        """The number of the innermost function that a line lies in."""
        around = 0
        for function in self.functions[1:]:
            if function.line > line:
                break
            if line <= function.end_line:
                around = function.number
        return around

    def using(self, name: str, use: str) -> tuple[int, ...]:
        """Numbers of the functions in whose text a name stands in a use (as in `contractlint.index.uses`), ascending.

        What stands in the body of a class counts to the function around it. Some may not use it in truth: in text in quotes,
        everything looks like code.
        """
        key = (name, use)
        known = self.used.get(key)
        if known is None:
            known = self.used[key] = tuple(sorted({self.function_at(place) for place in self.places(name, use)}))
        return known

    def places(self, name: str, use: str) -> Iterator[int]:
        """Where a name stands in a use, comments, docstrings and import statements left out."""
        text, source, holds = name.encode(), self.source, USES[use]
        for at in places(source, text, use):
            if holds(source, at, at + len(text)) and not self.outline.in_string(at) and not self._in_comment(at):
                if use in ("refs", "given") and self._in_import(at):
                    continue
                yield at

    def _in_comment(self, at: int) -> bool:
        start = self.source.rfind(b"\n", 0, at) + 1
        mark = self.source.find(b"#", start, at)
        return mark >= 0 and self.source.find(b'"', start, mark) < 0 and self.source.find(b"'", start, mark) < 0

    def quoting(self, prefix: str) -> tuple[int, ...]:
        """Numbers of the functions in which a text in quotes is a dotted name, or starts with it."""
        wanted = re.compile(rb"[\"']" + re.escape(prefix.encode()) + rb"[.\"']")
        known = self.quoted[prefix] = tuple(sorted({self.function_at(m.start()) for m in wanted.finditer(self.source)}))
        return known

    def functions_declaring(self, name: str) -> list[int]:
        """Numbers of the functions in whose header a name stands."""
        return [d.number for d in self._declaring(name) if not d.is_class]

    def classes_declaring(self, name: str) -> list[int]:
        """Numbers of the classes that say a name outside of their functions."""
        return [d.number for d in self._declaring(name) if d.is_class]

    def _declaring(self, name: str) -> list[Definition]:
        known = self.declared.get(name)
        if known is None:
            known = self.declared[name] = []
            seen: set[int] = set()
            for at in places(self.source, name.encode()):
                index = self.outline.at(at)
                if index >= 0 and index not in seen:
                    definition = self.outline.definitions[index]
                    if definition.is_class or at < self.outline.head(definition):
                        seen.add(index)
                        known.append(definition)
        return known

    def nested(self, number: int) -> list[int]:
        """Numbers of the functions that stand directly within a function, methods of its classes included."""
        if self._nested is None:
            self._nested = {}
            for function in self.functions[1:]:
                self._nested.setdefault(function.parent, []).append(function.number)
        return self._nested.get(number, [])

    def header_words(self, number: int) -> set[str]:
        """All names in the header of a class."""
        definition = self._classes[number]
        text = self.source[definition.start : self.outline.head(definition)]
        return {word.decode() for word in _WORD.findall(text)}

    def words(self, number: int) -> set[str]:
        """All names in the text of a function."""
        self.worded.add(number)
        definition = self._functions[number]
        text = self.source if definition is None else self.source[definition.first : self.outline.end(definition)]
        return {word.decode() for word in _WORD.findall(text)}

    # imports

    def imports(self) -> list[tuple[int, Import]]:
        """What import statements bind, each with the number of the function that it stands in, in order."""
        return [(number, bound) for _, _, number, names in self._import_statements() for bound in names]

    def imports_of(self, number: int) -> list[Import]:
        """What the import statements in the body of a function bind."""
        return [bound for _, _, holder, names in self._import_statements() if holder == number for bound in names]

    def _in_import(self, at: int) -> bool:
        statements = self._import_statements()
        index = bisect_right(statements, at, key=lambda s: s[0]) - 1
        return index >= 0 and at < statements[index][1]

    def _import_statements(self) -> list[tuple[int, int, int, tuple[Import, ...]]]:
        if self._imports is None:
            self._imports = []
            for start, text in self.outline.imports():
                names = imported(text, self.package)
                if names is not None:
                    self._imports.append((start, start + len(text), self.function_at(start), names))
        return self._imports

    # the cache

    def pack(self) -> tuple[Any, ...]:
        """What was parsed, as bare tuples and dictionaries that `marshal` accepts."""
        functions = {
            f.number: (tuple(tuple(p) for p in f.known.params), *f.known[1:])
            for f in self.functions
            if f.known is not None
        }
        return functions, {c.number: tuple(c.known) for c in self.classes if c.known is not None}

    def fill(self, packed: tuple[Any, ...]) -> None:
        """Take over what another run parsed of the same text. Raises for anything that `pack` did not make."""
        functions = {
            number: FunctionParts(tuple(ParamIR(*p) for p in parts[0]), *parts[1:])
            for number, parts in packed[0].items()
        }
        classes = {number: ClassParts(*parts) for number, parts in packed[1].items()}
        for number, parts in functions.items():
            self.functions[number].known = parts
        for number, kept in classes.items():
            self.classes[number].known = kept


_WORD = re.compile(rb"[\w\x80-\xff]+")
