"""What holding real kernels to their contracts costs: microseconds of CPU a call, on a GPU, bare and in each mode.

    FLASHINFER_USE_CUDA_NORM=1 python -m bench.device

The kernels are those of `tests/device`. Median of repeats, each short enough that the queue of launches never fills.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

CALLS, REPEATS = 200, 25
MODES = (  # label, mode, checks
    ("bare", "", ""),
    ("assert, dtypes", "assert", "dtype"),
    ("assert, all", "assert", "all"),
    ("record", "record", "all"),
    ("off again", "", ""),
)


def measure(function: Callable[..., Any], arguments: dict[str, Any], synchronize: Callable[[], None]) -> float:
    """Microseconds of this thread's CPU time for one call."""

    def some() -> float:
        start = time.thread_time()
        for _ in range(CALLS):
            function(**arguments)
        spent = (time.thread_time() - start) / CALLS * 1e6
        synchronize()
        return spent

    some()
    gc.disable()
    try:
        return statistics.median(some() for _ in range(REPEATS))
    finally:
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
            costs = []
            for _, word, checks in MODES:
                with mode(word, checks, folder):
                    costs.append(measure(kernel.function(), kernel.arguments(), torch.cuda.synchronize))
            yield str(kernel), costs


def main() -> None:
    print(f"| entry point | {' | '.join(label for label, _, _ in MODES)} |\n|---|{'---:|' * len(MODES)}")
    for name, (bare, *others) in rows():
        print(f"| `{name}` | {bare:.1f} | {' | '.join(f'{cost - bare:+.1f}' for cost in others)} |", flush=True)


if __name__ == "__main__":
    main()
