"""`contractlint contracts`: contracts of one's own, in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ENTRY = "flashinfer.fused_moe.trtllm_fp8_block_scale_moe"


@pytest.mark.usefixtures("project")
class TestShipped:
    """The shipped contracts."""

    def test_they_are_valid(self, contractlint: Run) -> None:
        code, out, err = contractlint("contracts", "validate")
        assert (code, err) == (0, "")
        head, checked, breach, evidence = out.splitlines()
        assert re.fullmatch(
            r"flashinfer-python, \d+ releases from 0\.6\.0 to 0\.7\.2\.post1: [\d,]+ entry points, "
            r"[\d,]+ clauses on \d+ of them; no mistakes\.",
            head,
        )
        assert re.fullmatch(r"  who checks: ffi \d+, none \d+, python \d+; \d+ accept anything", checked)
        assert re.fullmatch(r"  a breach: fault \d+, raises \d+, silent \d+(, slow \d+)?", breach)
        assert re.fullmatch(r"  evidence: [\d,]+ places; [\d,]+ pairs of clause and release confirmed .*", evidence)

    def test_they_are_listed(self, contractlint: Run) -> None:
        code, out, _ = contractlint("contracts", "list", "fp8_block_scale_moe", "--release", "0.6.7")
        assert code == 0
        assert out.startswith(f"{ENTRY} ")

    @pytest.mark.parametrize("name", [ENTRY, "trtllm_fp8_block_scale_moe", "flashinfer.trtllm_fp8_block_scale_moe"])
    def test_one_is_shown_under_each_of_its_names(
        self, contractlint: Run, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "120")
        code, out, _ = contractlint("contracts", "show", name, "--release", "0.6.7")
        assert code == 0
        assert out.startswith(f"{ENTRY}\n====")
        assert "signature in 0.6.7:\n  trtllm_fp8_block_scale_moe(\n      routing_logits: torch.Tensor,\n" in out
        _, _, table = out.partition("EVIDENCE\n")
        rows = " ".join(table.split("routing_bias", 1)[1].splitlines()[0].split())
        assert rows == "bfloat16 ==0.6.7.* nobody SILENT: the bytes run 0.6.7 on NVIDIA H100"

    def test_all_evidence_on_demand(self, contractlint: Run) -> None:
        _, short, _ = contractlint("contracts", "show", ENTRY)
        _, long, _ = contractlint("contracts", "show", ENTRY, "--evidence")
        assert "--evidence shows every place" in short
        assert long.count("check 0.6") > short.count("check 0.6")
        assert "declared in" in long

    def test_what_no_run_has_confirmed_is_listed_with_its_chip(self, contractlint: Run) -> None:
        code, out, _ = contractlint("contracts", "list", "fp8_block_scale_moe", "--unverified", "--release", "0.6.7")
        assert code == 0
        assert re.search(rf"^{re.escape(ENTRY)}: \d+ of \d+ clauses .*; to be run on compute capability 10\.x", out)
        assert out.splitlines()[-1].endswith("that can be broken: not confirmed by a kernel run in 0.6.7.")

    def test_what_exchanges_data_is_to_be_run_on_several_gpus(self, contractlint: Run) -> None:
        _, out, _ = contractlint("contracts", "list", "comm.allreduce_fusion", "--unverified")
        assert "to be run on two GPUs or more, compute capability 9.x" in out

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (
                ["show", "trtllm_fp8_blockscale_moe"],
                f"no contract speaks of 'trtllm_fp8_blockscale_moe'; near it: {ENTRY}",
            ),
            (["show", ENTRY, "--release", "9.0"], "--release: no contracts are known for flashinfer-python 9.0"),
            (["list", "no_such_thing"], "no entry point has 'no_such_thing' in its name"),
            (["validate", "nowhere"], "nowhere: no such folder of contracts"),
        ],
    )
    def test_what_is_not_there_is_said(self, contractlint: Run, args: list[str], message: str) -> None:
        code, _, err = contractlint("contracts", *args)
        assert code == 2
        assert err.startswith(f"contractlint: {message}")


def test_every_mistake_of_every_file_is_told(project: Path, contractlint: Run) -> None:
    for name in ("a", "b"):
        (project / f"{name}.toml").write_text('nonsense = 1\nmore = "x"\n')
    code, out, err = contractlint("contracts", "validate", "a.toml", "b.toml")
    assert (code, out) == (2, "")
    assert {line.split(":")[1].strip() for line in err.splitlines()} == {"a.toml", "b.toml"}


SEVEN = """\
entry_point = "engine.kernels.scale"
signature = "(x, factor, *, out=None)"
sumary = "Scales."

[parameters.x.dtype]
accepts = "bfloat17"
enforced = "kernel"
evidence = ['read engine/csrc/scale.cu *:12']

[parameters.factor.dtype]
accepts = "float32"
enforced = "ffi"

[parameters.facter.dtype]
accepts = "float32"
enforced = "ffi"
evidence = ['read engine/csrc/scale.cu *:12']

[parameters.out.shape]
accepts = "n, m"
enforced = "ffi"
evidence = ['seen engine/csrc/scale.cu *:12']
"""


def test_seven_mistakes_in_one_file_are_told_at_once_each_with_line_and_remedy(
    project: Path, contractlint: Run
) -> None:
    (project / "scale.toml").write_text(SEVEN)
    code, out, err = contractlint("contracts", "validate", "scale.toml")
    assert (code, out) == (2, "")
    told = [line.removeprefix("contractlint: ").strip() for line in err.splitlines()]
    places = [line.partition("; ")[0] for line in told]
    assert places == [
        "scale.toml:3: unknown key 'sumary'",
        "scale.toml:6: unknown dtype 'bfloat17'",
        "scale.toml:7: unknown value 'kernel' of enforced",
        "scale.toml:10: this dtype clause has no evidence",
        "scale.toml:14: 'facter' is not a parameter of this entry point in any release",
        "scale.toml:20: shape 'n, m' is not a list of dimensions",
        "scale.toml:22: unknown kind of evidence 'seen'",
    ]
    assert all(line.partition("; ")[2] for line in told)
