"""Subclasses, pickles, caches and tables of what is armed, on the stand-in: all of them reach the armed code."""

from __future__ import annotations

import functools
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="entry points are armed where torch is")

from contractlint.runtime import ContractBreach, armed, status  # noqa: E402
from tests.runtime.calls import moe_arguments  # noqa: E402
from tests.runtime.conftest import ROOT  # noqa: E402

RUN = "flashinfer.CuteDslMoEWrapper.run"


@pytest.fixture
def newer() -> Iterator[Any]:
    """The stand-in for a release with wrapper classes under contract."""
    from contractlint.testing import standin

    with standin("0.7.2.post1") as found:
        yield found.package


def wrong(function: Callable[..., Any], *first: Any) -> dict[str, Any]:
    """Arguments whose tensors are all of a dtype that no kernel takes."""
    parameters = list(inspect.signature(function).parameters.values())[len(first) :]
    return {p.name: torch.zeros(4, 4, dtype=torch.complex64) for p in parameters if p.default is p.empty}


def subclass(library: Any) -> Any:
    class Mine(library.CuteDslMoEWrapper):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def run(self, *args: Any, **kwargs: Any) -> Any:
            return super().run(*args, **kwargs)

    class Inherits(library.CuteDslMoEWrapper):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

    return Mine(), Inherits()


@pytest.mark.parametrize("early", [True, False], ids=["armed first", "subclassed first"])
def test_subclasses_run_the_armed_method(newer: Any, early: bool) -> None:
    before = None if early else subclass(newer)
    with armed("assert", require=(RUN,)):
        for one in before or subclass(newer):
            bound = one.run
            for call in (bound, one.run, functools.partial(bound)):
                with pytest.raises(ContractBreach):
                    call(**wrong(newer.CuteDslMoEWrapper.run, "self"))
    for one in before or subclass(newer):
        with pytest.raises(Exception) as bare:
            one.run(**wrong(newer.CuteDslMoEWrapper.run, "self"))
        assert not isinstance(bare.value, ContractBreach)


def test_pickles_name_what_is_armed_as_ever(newer: Any) -> None:
    function, cls = newer.fused_moe.trtllm_fp8_block_scale_moe, newer.CuteDslMoEWrapper
    instance = cls.__new__(cls)
    bare = [pickle.dumps(one) for one in (function, cls, instance, instance.run)]
    with armed("assert"):
        assert [pickle.dumps(one) for one in (function, cls, instance, instance.run)] == bare
        same, _, _, bound = map(pickle.loads, bare)
        assert same is function and bound.__func__ is cls.run
        with pytest.raises(ContractBreach):
            bound(**wrong(cls.run, "self"))


UNPICKLE = f"""
import pickle, sys
sys.path.insert(0, {str(ROOT)!r})
from contractlint.testing import install
install("0.6.7")
import contractlint.runtime as R, torch
from tests.runtime.calls import moe_arguments
ARM
function = pickle.loads(bytes.fromhex(sys.argv[1]))
try: function(**moe_arguments(torch, "float32")); print("computed")
except R.ContractBreach: print("ContractBreach")
"""


@pytest.mark.parametrize("arm, said", [("R.arm(R.Settings.make('assert'))", "ContractBreach"), ("", "computed")])
def test_a_pickle_from_an_armed_process_means_the_function_of_the_other(library: Any, arm: str, said: str) -> None:
    with armed("assert"):
        kept = pickle.dumps(library.fused_moe.trtllm_fp8_block_scale_moe)
    done = subprocess.run(
        [sys.executable, "-c", UNPICKLE.replace("ARM", arm), kept.hex()], capture_output=True, text=True, timeout=240
    )
    assert done.stdout.strip() == said, done.stderr


def test_caches_and_tables_hold_the_armed_function(library: Any) -> None:
    function = library.fused_moe.trtllm_fp8_block_scale_moe
    cached, table = functools.cache(function), [function, {"kernel": (function,)}]
    holders: tuple[Callable[..., Any], ...] = (cached, table[0], table[1]["kernel"][0])
    with armed("assert"):
        for holder in holders:
            with pytest.raises(ContractBreach):
                holder(**moe_arguments(torch, "float32"))


def test_signatures_documents_and_attributes_of_all_that_is_armed_stay(newer: Any) -> None:
    from contractlint.runtime import targets

    def facts(names: tuple[str, ...]) -> list[tuple[object, ...]]:
        found = [targets.find(name).function for name in names]
        return [
            (f, inspect.signature(f), f.__doc__, f.__name__, f.__qualname__, f.__module__, f.__defaults__,
             f.__kwdefaults__, f.__annotations__, dict(vars(f)), getattr(f, "__wrapped__", None))
            for f in found
        ]  # fmt: skip

    with armed("assert"):
        names = status().libraries[0].armed
        held = facts(names)
    assert len(names) > 50 and facts(names) == held
