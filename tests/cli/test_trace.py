"""`contractlint trace`: many files of many machines, and files that are damaged."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from contractlint.trace.rows import Breach, Row
from tests.cli.conftest import Run

FORM = {"x": {"dtype": "float32", "shape": [2]}}
GOOD = Row("demo", "1.0", "demo.f", "engine/a.py", 3, "apply", arguments=FORM)
BROKEN = Row("demo", "1.0", "demo.g", "engine/b.py", 5, "run", breaches=(Breach("x", "dtype", "`x` of g is float32"),))


def written(path: Path, host: str, *rows: Row, count: int = 1, tail: str = "") -> Path:
    """A trace as a process on a machine leaves it."""
    lines = [{"trace": 1, "host": host, "pid": 7}]
    for number, row in enumerate(rows, 1):
        lines += [{"id": number, **row.to_json()}, {"id": number, "count": count}]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + tail)
    return path


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    """What three processes on two machines recorded; one of them was killed while it wrote."""
    written(tmp_path / "one" / "trace-1.jsonl", "one", GOOD, count=4)
    written(tmp_path / "one" / "trace-2.jsonl", "one", GOOD, BROKEN, tail='{"id":1,"cou')
    written(tmp_path / "two" / "trace-3.jsonl", "two", GOOD, count=10)
    return tmp_path


def test_show_adds_up_what_machines_saw_and_fails_for_a_breach(contractlint: Run, machines: Path) -> None:
    code, out, err = contractlint("trace", "show", str(machines / "one"), str(machines / "two"), "--arguments")
    assert code == 1 and not err
    assert "demo.f  engine/a.py:3, in apply\n    15 calls, demo 1.0" in out and "    x: float32[2]\n" in out
    assert "16 calls of 2 entry points from 2 call sites, 2 forms of arguments, 1 of them break a contract." in out
    assert "3 processes on 2 machines." in out
    assert "demo.f" not in contractlint("trace", "show", str(machines), "--breaches")[1]
    assert contractlint("trace", "show", str(machines / "two"))[0] == 0


def test_what_was_merged_shows_the_same(contractlint: Run, machines: Path, tmp_path: Path) -> None:
    merged = tmp_path / "merged.jsonl"
    assert contractlint("trace", "merge", str(machines), "-o", str(merged)) == (0, "", "")
    assert contractlint("trace", "show", str(merged)) == contractlint(
        "trace", "show", f"{machines}/one", f"{machines}/two"
    )
    rows = [json.loads(line) for line in merged.read_text().splitlines()[1:]]
    assert [(row["count"], row["hosts"]) for row in rows] == [(15, ["one", "two"]), (1, ["one"])]
    assert contractlint("trace", "merge", str(merged))[1] == merged.read_text()


def test_export_writes_both_forms(contractlint: Run, machines: Path) -> None:
    code, out, _ = contractlint("trace", "export", str(machines))
    data = json.loads(out)
    assert code == 0 and [row["count"] for row in data["rows"]] == [15, 1] and len(data["processes"]) == 3
    table = list(csv.DictReader(io.StringIO(contractlint("trace", "export", str(machines), "--format", "csv")[1])))
    assert [(row["entry_point"], row["count"], row["breaches"]) for row in table] == [
        ("demo.f", "15", ""), ("demo.g", "1", "`x` of g is float32")
    ]  # fmt: skip


DAMAGED = {
    "a line in the middle": (
        '{"trace":1}\n{"id":1,"cou\n{"id":1}\n',
        ["t.jsonl:2: is no JSON", "t.jsonl:3: is no row"],
    ),
    "a count without its row": ('{"trace":1}\n{"id":9,"count":3}\n', ["t.jsonl:2: is no row"]),
    "a row of another form": ('{"trace":1}\n{"id":1,"entry_point":"f","line":"x"}\n', ["t.jsonl:2: is no row"]),
    "half a header": ('{"trace":1,"ho', ["t.jsonl:1: the header is damaged"]),
    "a header of another form": ('{"trace":"x"}\n', ["t.jsonl:1: the header is damaged"]),
    "a newer version": ('{"trace":99}\n', ["t.jsonl: is a trace of a newer contractlint"]),
}


@pytest.mark.parametrize("verb", ["show", "merge", "export"])
@pytest.mark.parametrize("text, said", DAMAGED.values(), ids=DAMAGED)
def test_damage_costs_what_is_damaged_and_is_never_clean(
    contractlint: Run, tmp_path: Path, verb: str, text: str, said: list[str]
) -> None:
    (tmp_path / "t.jsonl").write_text(text)
    written(tmp_path / "whole.jsonl", "one", GOOD, count=4)
    code, out, err = contractlint("trace", verb, str(tmp_path))
    assert code == 2 and "demo.f" in out
    assert all(part in line for part, line in zip(said, err.splitlines(), strict=True))


FOREIGN = {
    "session.jsonl": '{"function_name":"f","tensor_details":{"arg_0":{}}}\n7\n{"functio',
    "dump.json": '{"inputs":{"a":3},"tags":["fi_api:flashinfer.f"]}',
}


@pytest.mark.parametrize("name", FOREIGN)
def test_logs_of_the_library_that_are_damaged_are_said(contractlint: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FOREIGN[name])
    code, _, err = contractlint("trace", "show", str(tmp_path / name))
    assert code == 2 and "as FlashInfer writes it, and was left out" in err and "Traceback" not in err


@pytest.mark.parametrize("verb", ["show", "merge", "export"])
@pytest.mark.parametrize("content", [None, "", "\n", "noise\x00\xff"], ids=["missing", "empty", "blank", "noise"])
def test_no_trace_is_one_line(contractlint: Run, tmp_path: Path, verb: str, content: str | None) -> None:
    path = tmp_path / "t.jsonl"
    if content is not None:
        path.write_text(content, "latin-1")
    code, out, err = contractlint("trace", verb, str(path))
    assert (code, out, len(err.splitlines())) == (2, "", 1) and str(path) in err


def test_an_output_that_cannot_be_written_is_one_line(contractlint: Run, machines: Path) -> None:
    code, _, err = contractlint("trace", "merge", str(machines), "-o", str(machines))
    assert code == 2 and err.startswith("contractlint: --output: ") and len(err.splitlines()) == 1
