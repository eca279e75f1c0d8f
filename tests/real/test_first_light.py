"""The bug that broke DeepSeek-R1, its twins and its relatives, in the releases that had them and those that had not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.real.conftest import Check, Checked

pytestmark = pytest.mark.real

FP8 = "fused_moe/experts/trtllm_fp8_moe.py"
NVFP4 = "fused_moe/experts/trtllm_nvfp4_moe.py"
BF16 = "fused_moe/flashinfer_trtllm_moe.py"
MODELOPT = "quantization/modelopt.py"
MXINT4 = "quantization/utils/flashinfer_mxint4_moe.py"
SGLANG = "moe_runner/flashinfer_trtllm.py"

BLOCK, TENSOR = "trtllm_fp8_block_scale_moe", "trtllm_fp8_per_tensor_scale_moe"
FP4, BFLOAT, INT4 = "trtllm_fp4_block_scale_moe", "trtllm_bf16_moe", "trtllm_mxint4_block_scale_moe"

MODELS = ("models/glm4_moe.py", "models/deepseek_v2.py")


@dataclass(frozen=True)
class Argument:
    """A verdict on the calls of one entry point in one file, and what the finding must say.

    `through`: some way of the value begins in one of these files; `dtypes`: each is named by some step; `condition_in`:
    a step in that file stands under a condition; `note`: some note names this. Files are given by the ends of their
    names.
    """

    file: str
    entry_point: str
    parameter: str
    verdict: str
    through: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    condition_in: str = ""
    note: str = ""


@dataclass(frozen=True)
class Expected:
    """What a check of one engine against one release (`""`: its own pin, which must be `pinned`) must say."""

    package: str
    release: str
    pinned: str = ""
    arguments: tuple[Argument, ...] = ()
    never_violated: tuple[tuple[str, str], ...] = ()  # parameter, file
    found: tuple[tuple[str, str], ...] = ()  # code, file
    not_found: tuple[tuple[str, str, str], ...] = ()  # code or the beginning of one, parameter, file


def bias(file: str, entry_point: str, verdict: str = "violated", note: str = "") -> Argument:
    through = MODELS if verdict == "violated" else ()
    return Argument(file, entry_point, "routing_bias", verdict, through, ("float32",) if through else (), note=note)


# Of the bias that 0.6.6 takes in bfloat16 and float32 nothing is wrong. What stays is a warning: `models/kimi_linear.py:133`
# makes it in the model's dtype, `models/mimo_v2_flash.py:150` in one that the model's configuration names.
EXPECTED = (
    Expected(
        "vllm==0.19.1",
        "0.6.7",
        arguments=(
            bias(FP8, BLOCK),
            bias(FP8, TENSOR),
            bias(NVFP4, FP4),
            bias(BF16, BFLOAT),
            bias(MODELOPT, BLOCK),
            bias(MXINT4, INT4, "proved"),
        ),
        never_violated=tuple(("routing_logits", file) for file in (FP8, NVFP4, MODELOPT, MXINT4)),
        found=(("CL205", MXINT4),),
    ),
    Expected(
        "vllm==0.19.1",
        "0.6.6",
        not_found=(("CL101", "routing_bias", ""),),
        never_violated=tuple(("routing_logits", file) for file in (FP8, NVFP4, MODELOPT, MXINT4)),
        found=(("CL205", MXINT4),),
    ),
    Expected(
        "vllm==0.19.1",
        "",
        pinned="0.6.6",
        arguments=(Argument(BF16, BFLOAT, "routing_logits", "violated"),),
        not_found=(("CL101", "routing_bias", ""),),
    ),
    Expected(
        "vllm==0.20.0",
        "0.6.7",
        arguments=(
            bias(FP8, BLOCK, "proved"),
            bias(FP8, TENSOR, "proved"),
            bias(NVFP4, FP4, "proved"),
            bias("trtllm_bf16_moe.py", BFLOAT),
            bias(MODELOPT, BLOCK),
        ),
        not_found=(("CL205", "", MXINT4),),
    ),
    Expected(
        "vllm==0.18.1",
        "0.6.7",
        arguments=(
            bias(FP8, BLOCK, note="trtllm_nvfp4_moe.py"),
            bias(FP8, TENSOR, note="trtllm_nvfp4_moe.py"),
            bias(NVFP4, FP4, "proved"),
        ),
    ),
    Expected(
        "sglang==0.5.10",
        "",
        pinned="0.6.7.post2",
        arguments=(
            Argument(SGLANG, BFLOAT, "routing_bias", "violated", dtypes=("float32",)),
            Argument(SGLANG, BFLOAT, "routing_logits", "violated"),
        ),
    ),
    Expected(
        "sglang==0.5.15",
        "0.6.7",
        arguments=(
            Argument(
                SGLANG,
                FP4,
                "routing_bias",
                "violated",
                ("models/deepseek_v2.py",),
                ("float32", "bfloat16"),
                condition_in="models/deepseek_v2.py",
            ),
        ),
    ),
    Expected("vllm==0.33.0", ""),
)


def _id(value: object) -> str:
    if isinstance(value, Argument):
        return f"{value.parameter}-{value.file.rpartition('/')[2]}-{value.entry_point}"
    return f"{value.package}@{value.release or 'pin'}" if isinstance(value, Expected) else ""


# One after the other, so that only one engine's report is made at a time.
every_case = pytest.mark.parametrize("case", EXPECTED, ids=_id)
every_argument = pytest.mark.parametrize(
    ("case", "argument"), [(case, argument) for case in EXPECTED for argument in case.arguments], ids=_id
)


@every_case
def test_a_run_ends_in_findings_against_the_right_release(check: Check, case: Expected) -> None:
    run = check(case.package, case.release)
    (target,) = run.document["targets"]
    wanted = (case.pinned, "pin") if case.pinned else (case.release, "option") if case.release else None
    assert wanted in (None, (target["release"], target["from"]))
    errors = [found for found in run.document["findings"] if found["severity"] in ("error", "warning")]
    assert run.exit_code == (1 if errors else 0)
    assert run.document["unchecked"] == []


@every_argument
def test_an_argument_is_judged_rightly(check: Check, case: Expected, argument: Argument) -> None:
    run = check(case.package, case.release)
    rows = run.rows(argument.file, argument.entry_point, argument.parameter)
    given = [row for row in rows if row["dtypes"] != ["None"]]
    assert [row["verdict"] for row in given] == [argument.verdict] * max(1, len(given)), _excerpt(run, argument)
    if argument.verdict == "proved":
        assert [run.about(row) for row in given] == [[]] * len(given)
        return
    for row in given:
        # A clause for each case of a condition, a finding for each clause that is broken.
        found = run.about(row)
        assert {(entry["severity"], entry["verdict"]) for entry in found} == {("error", "violated")}, found
        ways = [way for entry in found for way in entry["paths"]]
        starts = {way[0]["file"] for way in ways}
        assert not argument.through or any(start.endswith(argument.through) for start in starts), starts
        steps = [step for way in ways for step in way]
        notes = [note for entry in found for note in entry["notes"]]
        for dtype in argument.dtypes:
            assert any(dtype in text for text in [*(step["what"] for step in steps), *notes]), (dtype, ways, notes)
        conditioned = [step for step in steps if step["file"].endswith(argument.condition_in) and step["condition"]]
        assert not argument.condition_in or conditioned, ways
        assert not argument.note or any(argument.note in note for note in notes), notes


@every_case
def test_a_guarded_cast_is_not_accused(check: Check, case: Expected) -> None:
    run = check(case.package, case.release)
    for parameter, file in case.never_violated:
        rows = [
            row for row in run.document["arguments"] if row["file"].endswith(file) and row["parameter"] == parameter
        ]
        assert rows, (parameter, file)
        assert [row for row in rows if row["verdict"] == "violated"] == []
        assert [found for found in run.findings(file, parameter) if found["severity"] == "error"] == []


@every_case
def test_what_must_be_found_and_what_must_not(check: Check, case: Expected) -> None:
    run = check(case.package, case.release)
    for code, file in case.found:
        assert [found["severity"] for found in run.findings(file, code=code)] == ["error"], (code, file)
    for code, parameter, file in case.not_found:
        assert run.findings(file, parameter, code) == [], (code, parameter, file)


@every_case
def test_a_bias_of_none_is_no_finding(check: Check, case: Expected) -> None:
    run = check(case.package, case.release)
    for site in run.document["call_sites"]:
        for call in _calls(run, site["file"], site["line"]):
            if any(_is_none(keyword) for keyword in call.keywords):
                lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
                found = run.findings(parameter="routing_bias")
                assert [f for f in found if f["file"] == site["file"] and f["line"] in lines] == []


def test_there_are_calls_with_a_bias_of_none(check: Check) -> None:
    run = check("vllm==0.19.1", "0.6.7")
    rows = [
        row for row in run.document["arguments"] if row["parameter"] == "routing_bias" and row["dtypes"] == ["None"]
    ]
    assert {row["file"].rpartition("/")[2] for row in rows} >= {"trtllm_nvfp4_moe.py", "trtllm_mxfp4_moe.py"}


def test_a_call_with_a_dictionary_is_bound_and_judged(check: Check) -> None:
    """vLLM 0.33.0 builds the arguments up, adds a key under an `if`, and passes them as `**kwargs`."""
    run = check("vllm==0.33.0", "")
    sites = [
        site
        for site in run.document["call_sites"]
        if site["file"].endswith(FP8)
        and site["entry_point"].endswith(BLOCK)
        and any(keyword.arg is None for call in _calls(run, site["file"], site["line"]) for keyword in call.keywords)
    ]
    assert [site["status"] for site in sites] == ["bound"] * max(1, len(sites)), sites
    for site in sites:
        judged = {
            row["parameter"]: row["verdict"]
            for row in run.document["arguments"]
            if row["file"] == site["file"] and row["line"] == site["line"]
        }
        assert {"routing_bias", "routing_logits", "hidden_states"} <= set(judged), judged
        assert "unresolved" not in judged.values(), judged


def _calls(run: Checked, file: str, line: int) -> Iterator[ast.Call]:
    """The calls that begin at a line."""
    tree = _parsed(run, file)
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.lineno == line)


_PARSED: dict[tuple[str, str], ast.Module] = {}


def _parsed(run: Checked, file: str) -> ast.Module:
    key = (str(run.root), file)
    if key not in _PARSED:
        _PARSED[key] = ast.parse((run.root / file).read_bytes())
    return _PARSED[key]


def _is_none(keyword: ast.keyword) -> bool:
    value = keyword.value
    return keyword.arg == "routing_bias" and isinstance(value, ast.Constant) and value.value is None


def _excerpt(run: Checked, argument: Argument) -> str:
    rows = [
        row
        for row in run.document["arguments"]
        if row["parameter"] == argument.parameter and row["file"].endswith(argument.file.rpartition("/")[2])
    ]
    return "\n".join(
        f"{r['file']}:{r['line']} {r['entry_point']} {r['verdict']} {r['dtypes']} {r['reason']}" for r in rows
    )
