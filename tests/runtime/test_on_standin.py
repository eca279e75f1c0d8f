"""Armed entry points, on the stand-in: every mode, every way in which code holds a function, and what must not change."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="entry points are armed where torch is")

from contractlint.runtime import ContractBreach, ContractWarning, armed, status  # noqa: E402
from contractlint.trace.reader import read_traces  # noqa: E402
from tests.runtime.calls import moe_arguments  # noqa: E402

NAME = "flashinfer.fused_moe.trtllm_fp8_block_scale_moe"


def call(library: Any, bias: str = "float32", **changes: Any) -> Any:
    return library.fused_moe.trtllm_fp8_block_scale_moe(**moe_arguments(torch, bias, **changes))


def test_a_breach_raises_before_the_kernel_and_says_where_and_why(library: Any) -> None:
    with armed("assert"), pytest.raises(ContractBreach) as caught:
        call(library)
    (finding,) = caught.value.findings
    assert (finding.code, finding.parameter, finding.effect) == ("CL101", "routing_bias", "silent")
    assert finding.place.file == __file__ and finding.function == "call"
    text = str(caught.value)
    for part in ("reads", "bfloat16 whatever it is", "contract:", "evidence:", "effect:", "remedy:", "in call"):
        assert part in text
    assert pickle.loads(pickle.dumps(caught.value)).findings == caught.value.findings


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"routing_bias": None}, "missing"),
        ({"routing_logits": torch.zeros(8, 17)}, "shape"),
        ({"routing_logits": torch.zeros(8, 32)[:, ::2]}, "layout"),
        ({"fp8_quantization_type": 0}, "value"),
    ],
)
def test_other_clauses_than_dtypes(library: Any, changes: dict[str, Any], code: str) -> None:
    with armed("assert"), pytest.raises(ContractBreach) as caught:
        call(library, "bfloat16", **changes)
    assert caught.value.findings
    with armed("assert", checks="dtype"), pytest.raises(Exception) as other:
        call(library, "bfloat16", **changes)
        raise LookupError  # the stand-in computed
    assert not isinstance(other.value, ContractBreach)


def test_tensors_on_different_devices_are_told_before_the_call(library: Any) -> None:
    x, weight = torch.randn(4, 64).bfloat16(), torch.ones(64, device="meta").bfloat16()
    with armed("assert"):
        library.rmsnorm(x, weight.new_ones(64, device="cpu"))
        with pytest.raises(ContractBreach) as caught:
            library.rmsnorm(x, weight)  # the same form, but for the device
    (finding,) = caught.value.findings
    assert finding.message == (
        "`weight` of rmsnorm is on meta while input is on cpu, but flashinfer 0.6.7 requires it to be on the device of input"
    )
    assert finding.remedy.endswith("`weight.to(input.device)`")


def test_every_holder_of_the_function_is_armed_and_disarmed(library: Any) -> None:
    function = library.fused_moe.trtllm_fp8_block_scale_moe

    class Engine:
        kernel = staticmethod(function)

    def default(kernel: Any = function) -> Any:
        return kernel(**moe_arguments(torch, "float32"))

    holders: dict[str, Callable[[], Any]] = {
        "early import": lambda: function(**moe_arguments(torch, "float32")),
        "alias": lambda: library.trtllm_fp8_block_scale_moe(**moe_arguments(torch, "float32")),
        "partial": functools.partial(function, **moe_arguments(torch, "float32")),
        "table": lambda: {"x": function}["x"](**moe_arguments(torch, "float32")),
        "class": lambda: Engine.kernel(**moe_arguments(torch, "float32")),
        "default": default,
        "lazy": lambda: functools.cache(lambda: function)()(**moe_arguments(torch, "float32")),
    }
    with armed("assert"):
        for name, holder in holders.items():
            with pytest.raises(ContractBreach):
                holder()
                pytest.fail(name)
    for holder in holders.values():
        holder()


def test_off_is_the_same_object_with_its_own_code(library: Any) -> None:
    function = library.fused_moe.trtllm_fp8_block_scale_moe
    code, names = function.__code__, set(vars(function)) | set(function.__globals__)
    with armed("assert"):
        assert library.fused_moe.trtllm_fp8_block_scale_moe is function
        assert function.__code__ is not code
        with armed("off"):
            assert function.__code__ is code
    assert function.__code__ is code
    assert names == set(vars(function)) | set(function.__globals__)


def test_nothing_that_can_be_asked_of_the_function_changes(library: Any) -> None:
    function = library.fused_moe.trtllm_fp8_block_scale_moe

    def facts() -> tuple[object, ...]:
        return (
            inspect.signature(function), function.__doc__, function.__name__, function.__qualname__,
            function.__module__, function.__defaults__, function.__code__.co_filename, copy.deepcopy(function) is function,
        )  # fmt: skip

    before = facts()
    with armed("assert"):
        assert facts() == before
        with pytest.raises(TypeError) as wrong:
            function(nonsense=1)
    with pytest.raises(TypeError) as bare:
        function(nonsense=1)
    assert str(wrong.value) == str(bare.value)


def test_warn_says_it_once_for_each_call_site(library: Any) -> None:
    with armed("warn"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(3):
            call(library)
        library.trtllm_fp8_block_scale_moe(**moe_arguments(torch, "float32"))
    said = [one for one in said if one.category is ContractWarning]
    assert len(said) == 2 and all(one.filename == __file__ for one in said)


def test_record_keeps_a_line_for_each_form_with_counts(library: Any, tmp_path: Path) -> None:
    with armed("record", trace=tmp_path):
        for bias in ("bfloat16", "float32", "bfloat16", "bfloat16"):
            call(library, bias)
    rows = {row.arguments["routing_bias"]["dtype"]: row for row in read_traces([tmp_path]).ordered()}
    assert {dtype: row.count for dtype, row in rows.items()} == {"bfloat16": 3, "float32": 1}
    for row in rows.values():
        assert (row.entry_point, row.function, row.release) == (NAME, "call", "0.6.7")
        assert row.file.endswith("test_on_standin.py") and row.device == "cpu"
        assert any("test_record_keeps" in caller for caller in row.callers)
    assert [breach.parameter for breach in rows["float32"].breaches] == ["routing_bias"]
    assert not rows["bfloat16"].breaches


def test_a_forwarder_is_not_the_call_site(library: Any, tmp_path: Path) -> None:
    def forward(*args: Any, **kwargs: Any) -> Any:
        return library.fused_moe.trtllm_fp8_block_scale_moe(*args, **kwargs)

    def first() -> None:
        forward(**moe_arguments(torch, "bfloat16"))

    def second() -> None:
        forward(**moe_arguments(torch, "bfloat16"))

    with armed("record", trace=tmp_path):
        for function in (first, second, second):
            function()
    found = {row.function.rpartition(".")[2]: row.count for row in read_traces([tmp_path]).ordered()}
    assert found == {"first": 1, "second": 2}


def test_the_header_says_what_was_armed(library: Any, tmp_path: Path) -> None:
    with armed("record", trace=tmp_path):
        call(library, "bfloat16")
    (file,) = tmp_path.glob("*.jsonl")
    header = json.loads(file.read_text().splitlines()[0])
    assert header["mode"] == "record" and NAME in header["libraries"][0]["armed"]


def test_status_names_what_is_armed(library: Any) -> None:
    with armed("assert", require=("trtllm_fp8_block_scale_moe", "flashinfer.trtllm_bf16_moe")) as found:
        assert found.armed(NAME) and not found.armed("nonsense")
        assert "entry points of flashinfer 0.6.7" in found.lines()[0]
    with (
        pytest.raises(RuntimeError, match=r"no contract of flashinfer .* speaks of it"),
        armed(require=("nonsense",)),
    ):
        pass


def test_fake_tensors_are_noted_as_not_checked(library: Any) -> None:
    from torch._subclasses import FakeTensorMode

    with armed("assert"), FakeTensorMode(allow_non_fake_inputs=True):
        arguments = moe_arguments(torch, "float32")
        with pytest.raises(ContractBreach):
            library.fused_moe.trtllm_fp8_block_scale_moe(**arguments)
        assert any("fake tensor" in reason for _, reason, _ in status().unchecked)


def test_torch_compile_sees_the_same_graph_and_breaches_raise(library: Any) -> None:
    rmsnorm = library.fused_moe.fused_topk_deepseek
    scores, bias = torch.randn(4, 16), torch.randn(16)
    values, indices = torch.zeros(4, 2), torch.zeros(4, 2, dtype=torch.int32)

    def step(scores: Any, bias: Any, values: Any, indices: Any) -> Any:
        rmsnorm(scores * 1, bias, 4, 2, 2, 1.0, values, indices)
        return values + 1

    def graphs() -> list[str]:
        found: list[str] = []

        def backend(module: Any, inputs: Any) -> Any:
            found.append(module.print_readable(print_output=False))
            return module.forward

        torch._dynamo.reset()
        compiled = torch.compile(step, backend=backend, fullgraph=True)
        for _ in range(3):
            compiled(scores, bias, values, indices)
        return [[line for line in text.splitlines() if "#" not in line] for text in found]  # type: ignore[misc]

    bare = graphs()
    with armed("assert"):
        assert graphs() == bare and len(bare) == 1
        assert any("torch.compile" in reason for _, reason, _ in status().unchecked)
        torch._dynamo.reset()
        with pytest.raises(ContractBreach):
            torch.compile(step, backend="eager")(scores, bias, values, indices.long())


DTYPES = ("float32", "bfloat16", "float16", "float8_e4m3fn", "uint8")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {name: st.sampled_from(DTYPES) for name in ("routing_bias", "routing_logits", "hidden_states")}
    ),
    st.sampled_from([0, 1, 2, 3]),
    st.booleans(),
)
def test_the_filter_lets_through_what_the_evaluator_lets_through(
    library: Any, dtypes: dict[str, str], method: int, absent: bool
) -> None:
    from contractlint.catalog import load_catalog
    from contractlint.clauses import Outcome, judge_call
    from contractlint.clauses.real import observe_call

    arguments = moe_arguments(torch, routing_method_type=method)
    for name, dtype in dtypes.items():
        arguments[name] = arguments[name].float().to(getattr(torch, dtype))
    if absent:
        arguments["routing_bias"] = None
    view = load_catalog().at("flashinfer-python", "0.6.7")
    bound = inspect.signature(library.fused_moe.trtllm_fp8_block_scale_moe).bind(**arguments)
    bound.apply_defaults()
    enums = {
        name: view.enums[enum]
        for name in bound.arguments
        if (enum := view.enum_of(name)) is not None and enum in view.enums
    }
    seen = observe_call(tuple(bound.arguments), tuple(bound.arguments.values()), enums)
    wrong = [j.clause for j in judge_call(view.clauses(NAME), seen) if j.outcome is Outcome.BROKEN]
    with armed("assert"):
        for _ in range(2):  # the second call may be answered from memory
            try:
                library.fused_moe.trtllm_fp8_block_scale_moe(**arguments)
                raised = False
            except ContractBreach:
                raised = True
            except Exception:
                raised = False  # the stand-in refuses what the library refuses
            assert raised == bool(wrong)
