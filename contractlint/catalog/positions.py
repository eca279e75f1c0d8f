"""Line numbers of the keys of a TOML document, which the standard parser does not give.

The text has already been accepted by the parser, so this scanner only has to know where strings, arrays and tables
begin and end, not to judge them.
"""

from __future__ import annotations

KeyPath = tuple[str | int, ...]

_BLANK = " \t\r\n"
_BARE_END = " \t\r\n=.]}#,"


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map every key path (array elements by index) to the line on which it begins."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.arrays: dict[KeyPath, int] = {}  # array-of-tables path → index of its last element
        self._line = 1
        self._counted = 0

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def run(self) -> dict[KeyPath, int]:
        current: KeyPath = ()
        self.blank()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                current = self.header(2)
            elif self.text[self.at] == "[":
                current = self.header(1)
            else:
                self.pair(current)
            self.blank()
        return self.lines

    def header(self, brackets: int) -> KeyPath:
        line = self.line()
        self.at += brackets
        path: KeyPath = ()
        keys = self.keys()
        for number, key in enumerate(keys):
            path = (*path, key)
            if number == len(keys) - 1 and brackets == 2:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            self.lines.setdefault(path, line)
            if path in self.arrays:
                path = (*path, self.arrays[path])
                self.lines.setdefault(path, line)
        self.at += brackets
        return path

    def pair(self, path: KeyPath) -> None:
        line = self.line()
        for key in self.keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self.value(path)

    def keys(self) -> list[str]:
        keys = []
        while True:
            self.spaces()
            if self.text[self.at] in "\"'":
                keys.append(self.string())
            else:
                start = self.at
                while self.text[self.at] not in _BARE_END:
                    self.at += 1
                keys.append(self.text[start : self.at])
            self.spaces()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def value(self, path: KeyPath) -> None:
        self.blank()
        self.lines.setdefault(path, self.line())
        opening = self.text[self.at]
        if opening in "\"'":
            self.string()
        elif opening == "[":
            self.at += 1
            index = 0
            while self.more("]"):
                self.value((*path, index))
                index += 1
        elif opening == "{":
            self.at += 1
            while self.more("}"):
                self.pair(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in "\r\n,]}#":
                self.at += 1

    def more(self, closing: str) -> bool:
        """Skip to the next element; False, behind the bracket, when there is none."""
        self.blank()
        if self.text[self.at] == ",":
            self.at += 1
            self.blank()
        if self.text[self.at] == closing:
            self.at += 1
            return False
        return True

    def string(self) -> str:
        quote = self.text[self.at]
        triple = quote * 3
        if self.text.startswith(triple, self.at):
            end = self.at + 3
            while not self.text.startswith(triple, end):
                end += 2 if quote == '"' and self.text[end] == "\\" else 1
            content = self.text[self.at + 3 : end]
            end += 3
            while self.text.startswith(quote, end):  # up to two quotes may stand before the closing three
                end += 1
        else:
            end = self.at + 1
            while self.text[end] != quote:
                end += 2 if quote == '"' and self.text[end] == "\\" else 1
            content = self.text[self.at + 1 : end]
            end += 1
        self.at = end
        return content

    def spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def blank(self) -> None:
        """Skip white space, line ends and comments."""
        while self.at < len(self.text):
            if self.text[self.at] in _BLANK:
                self.at += 1
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return
