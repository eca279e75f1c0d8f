"""Real kernels, armed: right results, nothing in the way of CUDA graphs and torch.compile, and breaches raise first.

Engines call these kernels out of custom ops when they compile; that is shown under `fullgraph=True`. A call that dynamo
traces into breaks its graph inside the library, armed or not; there the graphs are compared with those of a bare call.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="kernels are called with torch")

from contractlint.runtime import ContractBreach, armed  # noqa: E402
from tests.device.kernels import KERNELS, Arguments, Kernel  # noqa: E402

Tensors = tuple[Any, ...]

each_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)
pytestmark = pytest.mark.filterwarnings("ignore")  # what the libraries warn of is not ours


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch._dynamo.reset()


def call(kernel: Kernel, arguments: Arguments) -> Tensors:
    return kernel.results(kernel.function()(**arguments), arguments)


def expected(kernel: Kernel) -> Tensors:
    return kernel.reference(kernel.arguments())


def launches(action: Callable[[], Any]) -> tuple[list[str], BaseException | None]:
    """The kernels that the GPU ran during an action, and what the action raised."""
    problem = None
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
        try:
            action()
        except BaseException as raised:
            problem = raised
        torch.cuda.synchronize()
    cuda = torch.autograd.DeviceType.CUDA
    return [event.name for event in seen.events() if event.device_type == cuda], problem


@each_kernel
def test_the_result_is_that_of_the_reference_bare_and_armed_and_bit_for_bit_the_same(kernel: Kernel) -> None:
    bare = call(kernel, kernel.arguments())
    assert kernel.distance(bare, expected(kernel)) < kernel.tolerance
    with armed("assert", require=(f"flashinfer.{kernel.path}",)):
        found = call(kernel, kernel.arguments())
    assert all(torch.equal(one.float(), other.float()) for one, other in zip(found, bare, strict=True))


@each_kernel
def test_checking_waits_for_no_device(kernel: Kernel) -> None:
    arguments = kernel.arguments()
    call(kernel, kernel.arguments())
    torch.cuda.synchronize()
    with armed("assert"):
        torch.cuda.set_sync_debug_mode("error")  # torch raises where it would wait
        try:
            for _ in range(2):  # judged, then answered from memory
                call(kernel, arguments)
        finally:
            torch.cuda.set_sync_debug_mode("default")


@each_kernel
def test_a_breach_raises_before_anything_is_launched(kernel: Kernel) -> None:
    arguments = kernel.arguments()
    broken = kernel.breach(kernel.arguments())
    with armed("assert"):
        ran, problem = launches(lambda: call(kernel, arguments))
        assert ran and problem is None
        ran, problem = launches(lambda: call(kernel, broken))
    assert ran == [] and isinstance(problem, ContractBreach)
    assert [finding.parameter for finding in problem.findings] == [kernel.parameter]


@each_kernel
def test_a_cuda_graph_captures_the_armed_call_and_replays_it(kernel: Kernel) -> None:
    arguments = kernel.arguments()
    stream = torch.cuda.Stream()
    with armed("assert"):
        with torch.cuda.stream(stream):
            call(kernel, kernel.arguments())  # what the library sets up once
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            results = call(kernel, arguments)
        for name, value in kernel.arguments().items():
            if isinstance(value, torch.Tensor):
                arguments[name].copy_(value)
        graph.replay()
        torch.cuda.synchronize()
    assert kernel.distance(results, expected(kernel)) < kernel.tolerance


@each_kernel
def test_a_breach_raises_during_capture(kernel: Kernel) -> None:
    call(kernel, kernel.arguments())
    broken = kernel.breach(kernel.arguments())
    graph = torch.cuda.CUDAGraph()
    gc.collect()  # what a collection ends while a capture is under way can end the capture with it
    gc.disable()
    try:
        with armed("assert"), pytest.raises(ContractBreach), torch.cuda.graph(graph):
            call(kernel, broken)
    finally:
        gc.enable()
    torch.cuda.synchronize()
    assert kernel.distance(call(kernel, kernel.arguments()), expected(kernel)) < kernel.tolerance


def custom_op(kernel: Kernel) -> Callable[[Arguments], Tensors]:
    """The kernel behind an operator of torch's, as engines have it: the compiler sees the operator alone."""
    arguments = kernel.arguments()
    names = [name for name, value in arguments.items() if isinstance(value, torch.Tensor)]
    shapes = [(x.shape, x.dtype) for x in call(kernel, kernel.arguments())]
    plain = {name: value for name, value in arguments.items() if name not in names}
    library = torch.library.Library("contractlint_device", "FRAGMENT")
    label = f"{kernel}_{len(_LIBRARIES)}"
    _LIBRARIES.append(library)

    def run(tensors: list[Any]) -> list[Any]:
        passed = dict(zip(names, tensors, strict=True))
        passed.update({name: passed[name].clone() for name in kernel.writes})  # the op itself writes into nothing
        return [result.clone() for result in call(kernel, {**passed, **plain})]

    library.define(f"{label}(Tensor[] tensors) -> Tensor[]")
    library.impl(label, run, "CUDA")
    library._register_fake(label, lambda t: [torch.empty(s, dtype=d, device=t[0].device) for s, d in shapes])
    op = getattr(torch.ops.contractlint_device, label)
    return lambda given: tuple(op([given[name] for name in names]))


_LIBRARIES: list[Any] = []


class Graphs:
    """A backend of torch.compile that keeps the graphs; in which order they take their inputs is left open."""

    def __init__(self) -> None:
        self.code: list[str] = []

    def __call__(self, module: Any, examples: Any) -> Any:
        lines = str(module.graph).splitlines()
        inputs = sorted(line for line in lines if "= placeholder[" in line)
        self.code.append("\n".join((*inputs, *(line for line in lines if line not in inputs))))
        return module.forward


@each_kernel
def test_a_custom_op_compiles_to_one_graph_and_the_call_inside_is_checked(kernel: Kernel) -> None:
    op, given = custom_op(kernel), kernel.arguments()
    bare, watched = Graphs(), Graphs()
    torch.compile(op, backend=bare, fullgraph=True)(given)
    torch._dynamo.reset()
    with armed("assert"):
        step = torch.compile(op, backend=watched, fullgraph=True)
        found = [step(given) for _ in range(2)][-1]
        assert kernel.distance(found, expected(kernel)) < kernel.tolerance
        torch._dynamo.reset()
        with pytest.raises(ContractBreach):
            torch.compile(op, backend="eager", fullgraph=True)(kernel.breach(kernel.arguments()))
    assert watched.code == bare.code and len(bare.code) == 1


_SOME = [kernel for kernel in KERNELS if kernel.family in ("routing", "quantisation", "decode attention")]


@pytest.mark.parametrize("kernel", _SOME, ids=str)  # Inductor takes its time
def test_inductor_gives_the_same_with_the_armed_call_inside(kernel: Kernel) -> None:
    op, given = custom_op(kernel), kernel.arguments()

    def step(arguments: Arguments) -> Tensors:
        return tuple(result.float() * 2 for result in op(arguments))

    bare = torch.compile(step, fullgraph=True)(given)
    torch._dynamo.reset()
    with armed("assert"):
        found = torch.compile(step, fullgraph=True)(given)
    assert all(torch.equal(one, other) for one, other in zip(found, bare, strict=True))


@each_kernel
def test_a_call_that_is_traced_into_gives_the_graphs_of_a_bare_one(kernel: Kernel) -> None:
    function = kernel.function()

    def step(arguments: Arguments) -> Tensors:
        return kernel.results(function(**arguments), arguments)

    bare, watched = Graphs(), Graphs()
    torch.compile(step, backend=bare)(kernel.arguments())
    torch._dynamo.reset()
    with armed("assert"):
        compiled = torch.compile(step, backend=watched)
        found = [compiled(kernel.arguments()) for _ in range(2)][-1]
        assert kernel.distance(found, expected(kernel)) < kernel.tolerance
        assert watched.code == bare.code
        if kernel.by_dtype:  # strides are not judged while a compiler traces, and the trace says so
            torch._dynamo.reset()
            with pytest.raises(ContractBreach):
                torch.compile(step, backend="eager")(kernel.breach(kernel.arguments()))
