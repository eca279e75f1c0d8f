"""The engine's own apply path, armed: the call site in its file is recorded, and the breach stops before wrong experts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from contractlint.runtime import ContractBreach, armed  # noqa: E402
from contractlint.trace.reader import read_traces  # noqa: E402
from tests.real import test_engine_on_standin as engine  # noqa: E402

pytestmark = pytest.mark.real
FILE = "vllm/model_executor/layers/fused_moe/experts/trtllm_fp8_moe.py"


@pytest.fixture
def armed_standin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Arm each stand-in that the engine is run on, once it is in place."""
    from contextlib import contextmanager

    from contractlint.testing import standin

    options: dict[str, Any] = {}

    @contextmanager
    def both(*arguments: Any, **named: Any) -> Any:
        with standin(*arguments, **named) as library, armed(**options):
            yield library

    monkeypatch.setattr(engine, "standin", both)
    return options


def test_assert_stops_the_breach_of_0_6_7_in_the_engines_file(armed_standin: dict[str, Any]) -> None:
    layer = engine.Layer()
    armed_standin["mode"] = "assert"
    with pytest.raises(ContractBreach) as caught:
        layer.apply("0.6.7", layer.bias)
    (finding,) = caught.value.findings
    assert finding.parameter == "routing_bias" and finding.place.file.endswith(FILE)
    layer.apply("0.6.8", layer.bias)
    layer.apply("0.6.7", layer.bias.bfloat16())


def test_record_shows_the_call_site_in_the_engines_file(armed_standin: dict[str, Any], tmp_path: Path) -> None:
    layer = engine.Layer()
    armed_standin.update(mode="record", trace=tmp_path)
    layer.apply("0.6.7", layer.bias)
    (row,) = read_traces([tmp_path]).ordered()
    assert (row.file, row.entry_point) == (FILE, "flashinfer.fused_moe.trtllm_fp8_block_scale_moe")
    assert row.function.endswith("_apply_block_scale") and any("apply" in caller for caller in row.callers)
    assert [breach.parameter for breach in row.breaches if breach.severity == "error"] == ["routing_bias"]
