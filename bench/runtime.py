"""What holding a call to its contract costs: microseconds a call, for 6 tensors and 20 scalars, in each mode.

    make bench-runtime

The function has a signature of 26 parameters and does nothing. Thread CPU time, garbage collection off. The
variants take turns, so that a machine that changes its speed does so for all; medians of the rounds. What is added is told
in bare calls, too: that does not depend on how fast the machine is.
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
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

TENSORS, SCALARS = 6, 20
CALLS, ROUNDS = 10_000, 15

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

[parameters.t{n}.device]
same_as = "t{before}"
enforced = "none"
effect = "fault"
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


def once(loop: Callable[[int], float]) -> float:
    """Microseconds a call, after the interpreter and the checker have seen some."""
    loop(2_000)
    gc.disable()
    try:
        return loop(CALLS)
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


Mode = Callable[[], AbstractContextManager[Any]]


def variants(
    function: types.FunctionType, contract: Path, folder: str
) -> Iterator[tuple[str, Callable[..., Any], Mode]]:
    """What is measured: a label, what is called, and what is armed meanwhile."""
    from contractlint.runtime import armed

    def mode(word: str, **more: Any) -> Mode:
        return partial(armed, word, contracts=(str(contract),), require=("bench_kernels.kernel",), **more)

    yield "bare call", function, nullcontext
    yield "functools.wraps pass-through", passed_through(function), nullcontext
    yield "off, after it was armed (the same function object and code)", function, nullcontext
    yield "assert, dtypes", function, mode("assert", checks="dtype")
    yield "assert, dtypes, shapes, layout, devices", function, mode("assert")
    yield "warn, dtypes, shapes, layout, devices", function, mode("warn")
    yield "record, call site known", function, mode("record", trace=folder + "/t")
    yield "assert (all) and record", function, mode("assert", trace=folder + "/u")
    try:
        yield "beartype + jaxtyping, dtypes and shapes", typechecked(), nullcontext
    except ImportError as problem:
        print(f"beartype + jaxtyping: not measured ({problem})", file=sys.stderr)


def rows() -> Iterator[tuple[str, float]]:
    import torch

    function = kernel()
    code = function.__code__
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder, "kernel.toml")
        signature = CONTRACT.replace("SIGNATURE", ", ".join(names()))
        contract.write_text(
            signature + "".join(PARAMETER.format(n=n, before=(n or TENSORS) - 1) for n in range(TENSORS))
        )
        own = caller(function, torch)  # one call site for all that is armed
        costs: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for label, called, mode in variants(function, contract, folder):
                loop = own if called is function else caller(called, torch)
                with mode():
                    costs.setdefault(label, []).append(once(loop))
                assert function.__code__ is code, "off must be the same object with its own code"
        yield from ((label, statistics.median(found)) for label, found in costs.items())


def main() -> None:
    bare = 0.0
    print(
        f"Python {sys.version.split()[0]}\n\n| variant | µs a call | over a bare call | in bare calls |\n|---|---:|---:|---:|"
    )
    for label, cost in rows():
        bare = bare or cost
        print(f"| {label} | {cost:.2f} | {cost - bare:+.2f} | {(cost - bare) / bare:+.1f} |", flush=True)


if __name__ == "__main__":
    main()
