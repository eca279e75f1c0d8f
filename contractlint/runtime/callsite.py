"""Who called: the nearest frame that is neither the library's, nor torch's, nor ours, nor a mere forwarder."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FORWARDS = 0x04 | 0x08  # takes *args and **kwargs
_LONGEST = 24
_GENERATED = ("<frozen", "<eval_with_key>", "<stand-in")  # importlib, torch.fx, contractlint.testing


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `file` as it is imported (`vllm/model_executor/layer.py`), `path` on this machine."""

    file: str
    line: int
    function: str
    path: str
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class CallSite:
    """The call, and the functions that led to it, nearest first."""

    frame: Frame
    callers: tuple[Frame, ...] = ()


NOWHERE = Frame("?", 0, "?", "?")


class Walker:
    """Finds the engine's frame. `packages` are folders whose frames are skipped."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        torch = sys.modules.get("torch")
        folder = os.path.dirname(getattr(torch, "__file__", "") or "")
        skipped = (_HERE, *(package + os.sep for package in packages), folder + os.sep if folder else _HERE)
        self._skipped = tuple(skipped)

    def is_forwarder(self, code: types.CodeType) -> bool:
        """Whether a frame is not the call site: library code, or a function that hands `*args, **kwargs` on."""
        if code.co_filename.startswith(self._skipped) or code.co_filename.startswith(_GENERATED):
            return True
        return code.co_argcount == 0 and code.co_flags & _FORWARDS == _FORWARDS

    def engine_frames(self, frame: types.FrameType | None) -> Iterator[types.FrameType]:
        """The frames that count, nearest first."""
        while frame is not None:
            if not self.is_forwarder(frame.f_code):
                yield frame
            frame = frame.f_back

    def site(self, frame: types.FrameType | None) -> CallSite:
        """The call site above a frame, with the functions that led to it."""
        found = []
        for one in self.engine_frames(frame):
            found.append(describe(one))
            if len(found) > _LONGEST:
                break
        return CallSite(found[0], tuple(found[1:])) if found else CallSite(NOWHERE)


def describe(frame: types.FrameType) -> Frame:
    """A frame by name."""
    code = frame.f_code
    line, end_line, column, end_column = frame.f_lineno or 0, 0, 1, 0
    if sys.version_info >= (3, 11):
        for index, span in enumerate(code.co_positions()):
            if index == frame.f_lasti // 2:
                line, end_line = span[0] or line, span[1] or 0
                column, end_column = (span[2] or 0) + 1, (span[3] or 0) + 1
                break
    function = getattr(code, "co_qualname", code.co_name)
    path = os.path.abspath(code.co_filename) if not code.co_filename.startswith("<") else code.co_filename
    name = frame.f_globals.get("__name__", "")
    return Frame(imported_path(path, name), line, function, path, column, end_line, end_column)


def imported_path(path: str, module: str) -> str:
    """A file as its module is imported, so that machines with other folders say the same; else from the working directory."""
    parts = path.replace(os.sep, "/").split("/")
    depth = module.count(".") + (2 if parts[-1] == "__init__.py" else 1)
    tail = parts[-depth:]
    spelled = ".".join(tail).removesuffix(".py").removesuffix(".__init__")
    if module not in ("", "__main__") and spelled == module:
        return "/".join(tail)
    here = os.getcwd() + os.sep
    return (path[len(here) :] if path.startswith(here) else path).replace(os.sep, "/")
