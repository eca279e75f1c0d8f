"""What real releases of FlashInfer write of themselves, read back: made on the CPU, by a call that ends at the launcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.catalog import load_catalog
from contractlint.trace.evidence import rows_of
from contractlint.trace.reader import read_traces
from tests.runtime.conftest import ROOT, Run
from tests.runtime.conftest import run as run

BODY = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.runtime.calls import call; print(call())"
TEXT, SESSION, DUMP = "flashinfer log", "flashinfer level 10", "flashinfer trace dump"


@pytest.mark.parametrize(
    "release, level, sources, broken",
    [
        ("0.6.7", "10", {TEXT, SESSION}, ["routing_bias", "routing_bias"]),
        ("0.6.7", "3", {TEXT}, ["routing_bias"]),
        ("0.7.2.post1", "10", {TEXT, SESSION, DUMP}, []),
        ("0.7.2.post1", "3", {TEXT, DUMP}, []),
    ],
)
def test_a_call_is_read_from_all_that_the_library_wrote(
    run: Run, tmp_path: Path, release: str, level: str, sources: set[str], broken: list[str]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    variables = {
        "LOGLEVEL": level, "LOGDEST": str(logs / "log.txt"), "DUMP_DIR": str(logs / "dumps"),
        "TRACE_DUMP": "1", "TRACE_DUMP_DIR": str(logs / "traces"),
    }  # fmt: skip
    done = run("-c", BODY, release=release, env={f"FLASHINFER_{name}": value for name, value in variables.items()})
    assert done.stdout.split()[-1] == "RuntimeError", done.stderr
    trace = read_traces([logs])
    rows, problems = rows_of(trace.observations, load_catalog(), "flashinfer-python", release)
    assert not problems and not trace.problems
    assert {row.source for row in rows} == sources and len(rows) == len(sources)
    for row in rows:
        assert row.entry_point == "flashinfer.fused_moe.trtllm_fp8_block_scale_moe"
        assert row.arguments["routing_bias"]["dtype"] == "float32"
        assert row.arguments["routing_bias"]["shape"] == [16]
        assert row.arguments["hidden_states"]["dtype"] == "float8_e4m3fn"
    errors = [b for row in rows for b in row.breaches if b.severity == "error"]
    assert [breach.parameter for breach in errors] == broken
