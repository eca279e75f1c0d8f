"""Reading memory as something that it is not."""

from __future__ import annotations

from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from contractlint.testing.misread import contiguous_bytes, reinterpret  # noqa: E402


def test_a_narrower_dtype_reads_the_first_half_of_the_bytes() -> None:
    x = torch.randn(8)
    assert torch.equal(reinterpret(x, torch.bfloat16), x.view(torch.bfloat16)[:8])


def test_a_wider_dtype_reads_past_the_end_where_zeros_stand() -> None:
    x = torch.randn(8).bfloat16()
    read = reinterpret(x, torch.float32)
    assert torch.equal(read[:4], x.view(torch.float32))
    assert not read[4:].any()


def test_a_wider_dtype_reads_what_stands_behind_a_slice() -> None:
    x = torch.randn(16).bfloat16()
    assert torch.equal(reinterpret(x[:8], torch.float32), x.view(torch.float32))


def test_an_odd_start_is_no_obstacle() -> None:
    x = torch.arange(16, dtype=torch.uint8)
    expected = x[1:9].clone().view(torch.int32)
    assert torch.equal(reinterpret(x[1:9], torch.int32)[:2], expected)


def test_strides_are_ignored() -> None:
    x = torch.arange(12).view(3, 4)
    assert torch.equal(contiguous_bytes(x.T), x.reshape(4, 3))


def test_what_is_written_there_lands_in_the_tensor() -> None:
    x = torch.zeros(4, dtype=torch.float32)
    reinterpret(x, torch.bfloat16).fill_(1.0)
    assert torch.equal(x.view(torch.bfloat16), torch.tensor([1.0] * 4 + [0.0] * 4, dtype=torch.bfloat16))
