"""What holding real kernels to their contracts costs: microseconds of CPU a call, on a GPU, bare and in each mode.

    FLASHINFER_USE_CUDA_NORM=1 python -m bench.device

The kernels are those of `tests/device`. Medians of rounds in which all modes take
turns, each short enough that the queue of launches never fills.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

CALLS, ROUNDS = 200, 15
MODES = (  # label, mode, checks
    ("bare", "", ""),
    ("assert, dtypes", "assert", "dtype"),
    ("assert, all", "assert", "all"),
    ("record", "record", "all"),
    ("off again", "", ""),
)


def measure(function: Callable[..., Any], arguments: dict[str, Any], synchronize: Callable[[], None]) -> float:
    """Microseconds of this thread's CPU time for one call; what comes first is judged, and is not counted."""
    for _ in range(10):
        function(**arguments)
    synchronize()
    gc.disable()
    try:
        start = time.thread_time()
        for _ in range(CALLS):
            function(**arguments)
        return (time.thread_time() - start) / CALLS * 1e6
    finally:
        synchronize()
        gc.enable()


def mode(word: str, checks: str, folder: str) -> AbstractContextManager[Any]:
    from contractlint.runtime import armed

    if not word:
        return nullcontext()
    return armed(word, trace=folder if word == "record" else "", checks=checks)


def rows() -> Iterator[tuple[str, list[float]]]:
    import torch

    from tests.device.kernels import KERNELS

    with tempfile.TemporaryDirectory() as folder:
        for kernel in KERNELS:
            function, arguments = kernel.function(), kernel.arguments()
            measure(function, arguments, torch.cuda.synchronize)
            costs: list[list[float]] = [[] for _ in MODES]
            for _ in range(ROUNDS):  # in turns, so that a clock that changes its speed does so for all
                for found, (_, word, checks) in zip(costs, MODES, strict=True):
                    with mode(word, checks, folder):
                        found.append(measure(function, arguments, torch.cuda.synchronize))
            yield str(kernel), [statistics.median(found) for found in costs]


def main() -> None:
    print(f"| entry point | {' | '.join(label for label, _, _ in MODES)} |\n|---|{'---:|' * len(MODES)}")
    for name, (bare, *others) in rows():
        print(f"| `{name}` | {bare:.1f} | {' | '.join(f'{cost - bare:+.1f}' for cost in others)} |", flush=True)


if __name__ == "__main__":
    main()
