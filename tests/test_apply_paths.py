"""Which quantisation scheme the names on a way say."""

from __future__ import annotations

import pytest

from contractlint.judge.apply_paths import scheme


@pytest.mark.parametrize(
    ("names", "entry_point", "said"),
    [
        (("Nvfp4Method.apply", "Fp8Experts._apply_block_scale"), "lib.block_scale_moe", "FP8 block-scale"),
        (("Layer.forward", "Nvfp4Method.apply"), "lib.moe", "NVFP4"),
        (("Layer.forward", "Method.apply"), "lib.trtllm_mxint4_block_scale_moe", "MXINT4"),
        (("Layer.forward",), "lib.moe", ""),
    ],
)
def test_the_name_nearest_the_call_decides(names: tuple[str, ...], entry_point: str, said: str) -> None:
    assert scheme(names, entry_point) == said
