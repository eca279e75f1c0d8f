"""What holding a call to its contract costs: microseconds a call, for 6 tensors and 20 scalars, in each mode.

    make bench-runtime

The function has a signature of 26 parameters and does nothing. Thread CPU time, garbage collection off, median of repeats.
"""

from __future__ import annotations

import functools
import gc
import importlib
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

TENSORS, SCALARS = 6, 20
CALLS, REPEATS = 20_000, 15

CONTRACT = """
entry_point = "bench_kernels.kernel"
library = "bench-kernels"
signature = "(SIGNATURE)"
"""
PARAMETER = """
[parameters.t{n}.dtype]
accepts = "bfloat16"
enforced = "none"
effect = "silent"
evidence = ["issue demo/demo *"]

[parameters.t{n}.layout]
accepts = "contiguous"
enforced = "none"
effect = "silent"
evidence = ["issue demo/demo *"]

[parameters.t{n}.shape]
accepts = "[num_tokens, hidden_size]"
enforced = "none"
effect = "silent"
evidence = ["issue demo/demo *"]
"""


def names() -> list[str]:
    return [f"t{n}" for n in range(TENSORS)] + [f"s{n}" for n in range(SCALARS)]


def kernel() -> types.FunctionType:
    """The function, in a module of its own, as a library has it."""
    module = types.ModuleType("bench_kernels")
    source = f"import torch\ndef kernel({', '.join(f'{n}: torch.Tensor' if n[0] == 't' else n for n in names())}): return None\n"
    exec(source, vars(module))
    sys.modules["bench_kernels"] = module
    function: types.FunctionType = vars(module)["kernel"]
    return function


def caller(function: Callable[..., Any], torch: Any) -> Callable[[int], float]:
    """A loop of calls by keyword; returns microseconds a call."""
    space: dict[str, Any] = {"function": function, "clock": time.thread_time}
    space.update({f"t{n}": torch.zeros(16, 64, dtype=torch.bfloat16) for n in range(TENSORS)})
    arguments = ", ".join(f"{n}={n}" if n[0] == "t" else f"{n}={n[1:]}" for n in names())
    exec(
        f"def loop(count):\n start = clock()\n for _ in range(count): function({arguments})\n"
        " return (clock() - start) / count * 1e6",
        space,
    )
    loop: Callable[[int], float] = space["loop"]
    return loop


def measure(function: Callable[..., Any], torch: Any) -> float:
    loop = caller(function, torch)
    loop(2_000)
    gc.disable()
    try:
        return statistics.median(loop(CALLS) for _ in range(REPEATS))
    finally:
        gc.enable()


def passed_through(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def typechecked() -> Callable[..., Any]:
    """The same checks of dtype and shape by jaxtyping and beartype."""
    import torch

    jaxtyping: Any = importlib.import_module("jaxtyping")
    beartype: Any = importlib.import_module("beartype").beartype

    space: dict[str, Any] = {"X": jaxtyping.BFloat16[torch.Tensor, "num_tokens hidden_size"]}
    exec(f"def kernel({', '.join(f'{n}: X' if n[0] == 't' else n for n in names())}): return None", space)
    checked: Callable[..., Any] = jaxtyping.jaxtyped(typechecker=beartype)(space["kernel"])
    return checked


def rows() -> Iterator[tuple[str, float]]:
    import torch

    from contractlint.runtime import armed

    function = kernel()
    code = function.__code__
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder, "kernel.toml")
        signature = CONTRACT.replace("SIGNATURE", ", ".join(names()))
        contract.write_text(signature + "".join(PARAMETER.format(n=n) for n in range(TENSORS)))

        def mode(word: str, **more: Any) -> AbstractContextManager[Any]:
            return armed(word, contracts=(str(contract),), require=("bench_kernels.kernel",), **more)

        yield "bare call", measure(function, torch)
        yield "functools.wraps pass-through", measure(passed_through(function), torch)
        with mode("assert"):
            pass
        assert function.__code__ is code, "off must be the same object with its own code"
        yield "off, after it was armed (the same function object and code)", measure(function, torch)
        for label, word, more in (
            ("assert, dtypes", "assert", {"checks": "dtype"}),
            ("assert, dtypes, shapes, layout", "assert", {}),
            ("warn, dtypes, shapes, layout", "warn", {}),
            ("record, call site known", "record", {"trace": folder + "/t"}),
            ("assert (all) and record", "assert", {"trace": folder + "/u"}),
        ):
            with mode(word, **more):
                yield label, measure(function, torch)
        try:
            yield "beartype + jaxtyping, dtypes and shapes", measure(typechecked(), torch)
        except ImportError as problem:
            print(f"beartype + jaxtyping: not measured ({problem})", file=sys.stderr)


def main() -> None:
    bare = 0.0
    print(f"| variant | µs a call | over a bare call |\n|---|---|---|  <!-- Python {sys.version.split()[0]} -->")
    for label, cost in rows():
        bare = bare or cost
        print(f"| {label} | {cost:.2f} | {cost - bare:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
