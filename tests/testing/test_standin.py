"""The stand-in is the library of the release: its names, its signatures, its enums; and it leaves no trace."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from contractlint.catalog.errors import UnknownRelease  # noqa: E402
from contractlint.testing import ContractRaised, NotComputed, Standin, install, standin  # noqa: E402

RELEASES = ("0.6.0", "0.6.7", "0.7.2.post1")


@pytest.fixture(scope="module", params=RELEASES)
def library(request: pytest.FixtureRequest) -> Iterator[Standin]:
    with standin(request.param) as installed:
        yield installed


def at(path: str) -> Any:
    """What a dotted path leads to: a function wins over a module of its name, as with `from … import`."""
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:end]))
        for part in parts[end:] if found is not None else ():
            found = getattr(found, part, None)
        if found is not None:
            return found
    return None


def _positional(parameters: list[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    return [parameter for parameter in parameters if parameter[1] == "positional"]


def test_every_entry_point_of_the_release_is_there_with_its_signature(library: Standin) -> None:
    missing, differing = [], []
    for name in library.view.entry_points:
        signature = library.view.signature(name)
        found = at(name)
        assert signature is not None
        if not callable(found):
            missing.append(name)
            continue
        parameters = list(inspect.signature(found).parameters.values())
        if name.split(".")[-2][:1].isupper():
            parameters = parameters[1:]  # self
        kinds: dict[Any, str] = {
            inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
            inspect.Parameter.KEYWORD_ONLY: "keyword",
            inspect.Parameter.VAR_POSITIONAL: "var_positional",
            inspect.Parameter.VAR_KEYWORD: "var_keyword",
        }
        empty = inspect.Parameter.empty
        made = [(p.name, kinds[p.kind], p.default is not empty) for p in parameters]
        wanted = [(p.name, p.kind, p.default is not None) for p in signature.parameters]
        if sorted(made) != sorted(wanted) or _positional(made) != _positional(wanted):
            differing.append(name)
    assert (missing, differing) == ([], [])


def test_all_import_paths_lead_to_the_same_function(library: Standin) -> None:
    name = "flashinfer.fused_moe.trtllm_fp4_block_scale_moe"
    paths = library.view.entry_points[name].names
    assert len({id(at(path)) for path in paths}) == 1
    assert len(paths) > 2


def test_defaults_and_enums_are_those_of_the_release() -> None:
    with standin("0.6.7") as old:
        kind = inspect.signature(old.package.fused_moe.trtllm_fp8_block_scale_moe).parameters["fp8_quantization_type"]
        assert kind.default == 1
        assert kind.default.name == "DeepSeekFp8"
        assert not hasattr(old.package.fused_moe.RoutingMethodType, "MiniMax2")
        tuning = inspect.signature(old.package.fused_moe.trtllm_bf16_moe).parameters
        assert tuning["tune_max_num_tokens"].default == 8192
    with standin("0.6.18") as new:
        assert new.package.fused_moe.RoutingMethodType.TopKSigmoid == 9


def test_engines_import_it_and_are_told_its_release() -> None:
    with standin("0.6.7"):
        from flashinfer.fused_moe import trtllm_fp8_block_scale_moe
        from flashinfer.fused_moe.core import trtllm_fp8_block_scale_moe as inner

        assert trtllm_fp8_block_scale_moe is inner
        assert importlib.import_module("flashinfer").__version__ == "0.6.7"
        assert importlib.metadata.version("flashinfer-python") == "0.6.7"
        assert importlib.util.find_spec("flashinfer") is not None
        with pytest.raises(ImportError, match=r"stand-in flashinfer-python 0\.6\.7"):
            from flashinfer.fused_moe import trtllm_fp8_per_channel_scale_moe  # noqa: F401


def test_what_was_loaded_before_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before, inner = type(sys)("flashinfer"), sys.modules.get("flashinfer.fused_moe")
    monkeypatch.setitem(sys.modules, "flashinfer", before)
    finders = list(sys.meta_path)
    installed = install("0.6.7")
    assert sys.modules["flashinfer"] is not before
    assert sys.modules["flashinfer.fused_moe"] is installed.package.fused_moe
    installed.uninstall()
    installed.uninstall()
    assert sys.modules["flashinfer"] is before
    assert sys.modules.get("flashinfer.fused_moe") is inner
    assert sys.meta_path == finders


def test_what_has_no_reference_says_so_by_name() -> None:
    with standin("0.6.7") as library, pytest.raises(NotComputed, match=r"0\.6\.7 cannot compute flashinfer\.mm_fp4: "):
        library.package.mm_fp4(None, None, None, None)


def test_python_itself_judges_the_arguments() -> None:
    with standin("0.6.6") as library, pytest.raises(TypeError, match="activation_type"):
        library.package.fused_moe.trtllm_fp8_block_scale_moe(activation_type=3)


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(UnknownRelease, match=r"9\.9"):
        install("9.9")


def test_what_the_library_checks_raises_as_there() -> None:
    x = torch.randn(4, 32)
    scores, bias = x.bfloat16(), torch.zeros(32)
    values, indices = torch.empty(4, 8, dtype=torch.bfloat16), torch.empty(4, 8, dtype=torch.int32)
    with standin("0.6.7") as library:
        route = library.package.fused_moe.fused_topk_deepseek
        for accepted in (bias, bias.bfloat16(), bias.half()):
            route(scores, accepted, 1, 1, 8, 1.0, values, indices)
            assert values.isfinite().all()
        with pytest.raises(ContractRaised, match="`topk_values` of fused_topk_deepseek is float32"):
            route(scores, bias, 1, 1, 8, 1.0, values.float(), indices)
        with pytest.raises(ContractRaised, match="`topk_indices` of fused_topk_deepseek is int64"):
            route(scores, bias, 1, 1, 8, 1.0, values, indices.long())
    with standin("0.6.7", checks=False) as library:
        library.package.fused_moe.fused_topk_deepseek(scores, bias, 1, 1, 8, 1.0, values, indices.long())


def test_importing_the_package_costs_no_torch() -> None:
    code = "import sys, contractlint.testing, contractlint.reference; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
