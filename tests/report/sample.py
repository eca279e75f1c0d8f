"""A report with one of everything, as the renderers are given it."""

from __future__ import annotations

from contractlint.model.contract import Evidence, EvidenceKind
from contractlint.model.finding import (
    ArgumentRow,
    CallSiteRow,
    Finding,
    Place,
    Report,
    Severity,
    Step,
    Target,
    Unchecked,
    Verdict,
)

ENTRY = "flashinfer.fused_moe.trtllm_fp8_block_scale_moe"
LAYER = "engine/layer.py"
MODEL = "engine/model.py"

SOURCES = {
    LAYER: (
        "import flashinfer\n"
        "\n"
        "class Experts:\n"
        "    def apply(self, x, logits, bias):\n"
        "        return flashinfer.fused_moe.trtllm_fp8_block_scale_moe(\n"
        "            routing_logits=logits,\n"
        "            routing_bias=bias,\n"
        "            hidden_states=x,\n"
        "        )\n"
    ),
    MODEL: (
        "import torch\n"
        "\n"
        "class Gate:\n"
        "    def __init__(self, n, use_bias):\n"
        "        if use_bias:\n"
        "            self.bias = torch.nn.Parameter(torch.empty(n, dtype=torch.float32))\n"
        "\n"
        "    def forward(self, experts, x):\n"
        "        return experts.apply(x, x, self.bias)\n"
    ),
}

_CALL = Place(LAYER, 5, 16, 9, 10)
_HANDED_OVER = Step(MODEL, 9, "passed to Experts.apply as bias")
_AT_CALL = Step(LAYER, 7, "passed as routing_bias")


def read(name: str) -> bytes:
    """The sample's source."""
    if name not in SOURCES:
        raise FileNotFoundError(name)
    return SOURCES[name].encode()


def violated() -> Finding:
    """An error with two ways for the value to get there."""
    return Finding(
        code="CL101",
        rule="wrong-dtype",
        severity=Severity.ERROR,
        verdict=Verdict.VIOLATED,
        place=Place(LAYER, 7, 26, 7, 30),
        function="Experts.apply",
        entry_point=ENTRY,
        parameter="routing_bias",
        release="0.6.7",
        effect="silent",
        message="routing_bias is float32 here; trtllm_fp8_block_scale_moe of 0.6.7 reads bfloat16",
        remedy="pass routing_bias.to(torch.bfloat16), or use a release that carries the dtype (0.6.8)",
        paths=(
            (Step(MODEL, 6, "created as float32", ("use_bias",)), _HANDED_OVER, _AT_CALL),
            (Step("engine/loader.py", 12, "loaded as float32"), _HANDED_OVER, _AT_CALL),
        ),
        evidence=(
            Evidence(EvidenceKind.READ, "0.6.7", "csrc/runner.cu:120", "the pointer is cast whatever the dtype"),
            Evidence(EvidenceKind.ISSUE, "0.6.7", "owner/repo#2909"),
        ),
        contract="routing_bias: bfloat16 in releases ==0.6.7.*",
        consequence="tokens go to the wrong experts",
        notes=("the sibling call in engine/other.py casts it",),
        call=_CALL,
    )


def report() -> Report:
    """One error, one warning, one note, one suppressed finding, and something of each that was not checked."""
    warning = Finding(
        code="CL102",
        rule="unproven-dtype",
        severity=Severity.WARNING,
        verdict=Verdict.UNPROVEN,
        place=Place(LAYER, 6, 28, 6, 34),
        function="Experts.apply",
        entry_point=ENTRY,
        parameter="routing_logits",
        release="0.6.7",
        effect="silent",
        message="routing_logits is not shown to be float32, 100% of the time",
        remedy="",
        call=_CALL,
    )
    note = Finding(
        code="CL904",
        rule="blanket-suppression",
        severity=Severity.NOTE,
        verdict=Verdict.VIOLATED,
        place=Place(MODEL, 9, 9, 9, 46),
        function="Gate.forward",
        entry_point="",
        parameter="",
        release="",
        effect="",
        message="this suppression names no code",
        remedy="write ignore[CL101]",
    )
    hidden = Finding(
        code="CL201",
        rule="unknown-parameter",
        severity=Severity.ERROR,
        verdict=Verdict.VIOLATED,
        place=_CALL,
        function="Experts.apply",
        entry_point=ENTRY,
        parameter="tile_tokens_dim",
        release="0.6.7",
        effect="raises",
        message="no parameter tile_tokens_dim",
        remedy="",
        call=_CALL,
    ).with_suppression("removed with the next bump")
    arguments = [
        ArgumentRow(Place(LAYER, 6, 28), ENTRY, "routing_logits", "0.6.7", Verdict.UNPROVEN, ("bfloat16", "float32")),
        ArgumentRow(Place(LAYER, 7, 26), ENTRY, "routing_bias", "0.6.7", Verdict.VIOLATED, ("float32",)),
        ArgumentRow(Place(LAYER, 8, 27), ENTRY, "hidden_states", "0.6.7", Verdict.UNRESOLVED, (), "no caller found"),
        ArgumentRow(_CALL, ENTRY, "hidden_states", "0.6.7", Verdict.UNPROVEN, (), "it is not shown", "layout"),
    ]
    return Report(
        targets=[Target("flashinfer-python", "0.6.7", "pin", "requirements/cuda.txt:12")],
        call_sites=[
            CallSiteRow(_CALL, "Experts.apply", ENTRY, "0.6.7", "bound", "", (("hidden_states", "shape"),)),
            CallSiteRow(Place(MODEL, 20, 5), "Gate.plan", "flashinfer.?", "0.6.7", "unresolved", "callee is computed"),
        ],
        arguments=arguments,
        findings=[warning, violated(), hidden, note],
        unchecked=[Unchecked("engine/broken.py", "does not parse: invalid syntax", 3)],
        files=1234,
        parsed=2,
        seconds=1.5,
        root="/tree",
    )
