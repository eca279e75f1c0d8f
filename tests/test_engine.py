"""What a run takes for a kernel call."""

from __future__ import annotations

import pytest

from contractlint.engine import is_distinctive


@pytest.mark.parametrize(
    ("entry_point", "distinctive"),
    [
        ("flashinfer.fused_moe.trtllm_bf16_moe", True),
        ("house.scale_by_bias", True),
        ("flashinfer.activation.silu", False),
        ("flashinfer.decode.BatchDecodeWrapper.run_with_plan", False),
        ("flashinfer.kda_kernels.kda_chunked.get_seq_len", False),
        ("flashinfer.comm._make_a_workspace", False),
    ],
)
def test_a_name_alone_suggests_a_kernel_when_it_is_compound_and_public(entry_point: str, distinctive: bool) -> None:
    assert is_distinctive(entry_point) is distinctive
