"""Traces survive what happens to processes and disks, and never stop a run."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from contractlint.trace.reader import TraceError, dump_merged, read_traces
from contractlint.trace.rows import Row
from contractlint.trace.writer import TraceWriter

ROOT = Path(__file__).parents[2]
ROW = Row("demo", "1.0", "demo.f", "engine/a.py", 3, "apply", arguments={"x": {"dtype": "float32", "shape": [2]}})
WRITE = """
import os, sys, time
from contractlint.trace.rows import Row
from contractlint.trace.writer import TraceWriter
writer = TraceWriter(sys.argv[1], lambda: {"mode": "record"})
for index in range(int(sys.argv[2])):
    number = writer.row(Row("demo", "1.0", "demo.f", "engine/a.py", index, "apply"))
    writer.count(number, 5)
print("done", flush=True)
time.sleep(float(sys.argv[3]))
"""


def start(folder: Path, rows: int = 3, wait: float = 0, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(WRITE), str(folder), str(rows), str(wait)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    process: subprocess.Popen[str] = subprocess.Popen(command, env=environment, **piped)
    return process


def test_what_was_seen_before_kill_9_is_there(tmp_path: Path) -> None:
    process = start(tmp_path, 4, 60)
    assert process.stdout is not None and process.stdout.readline() == "done\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [row.count for row in read_traces([tmp_path]).ordered()] == [5, 5, 5, 5]


def test_a_line_that_was_cut_short_costs_only_itself(tmp_path: Path) -> None:
    writer = TraceWriter(str(tmp_path), dict)
    writer.count(writer.row(ROW), 7)
    writer.close()
    with open(writer.path, "a") as file:
        file.write('{"id":2,"libr')
    trace = read_traces([tmp_path])
    assert [row.count for row in trace.ordered()] == [7] and not trace.problems


@pytest.mark.skipif("CONTRACTLINT_FLASHINFER" not in os.environ, reason="takes a minute; make test-runtime runs it")
def test_two_hundred_processes_at_once(tmp_path: Path) -> None:
    processes: list[subprocess.Popen[str]] = []
    for _ in range(200):
        processes.append(start(tmp_path, 2))
        if len(processes) % 40 == 0:  # so many at a time fit into a small machine's memory
            for process in processes:
                process.communicate()
    assert all(process.wait() == 0 for process in processes)
    trace = read_traces([tmp_path])
    assert len(trace.headers) == 200 and not trace.problems
    assert [(row.line, row.count, row.processes) for row in trace.ordered()] == [(0, 1000, 200), (1, 1000, 200)]


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    writer = TraceWriter(str(blocked / "traces"), dict)
    for _ in range(3):
        writer.count(writer.row(ROW), 2)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "no more is traced" in said[0] and "the run goes on" in said[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write into a read-only folder")
def test_a_read_only_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o555)
    writer = TraceWriter(str(tmp_path), dict)
    writer.row(ROW)
    assert "Permission denied" in capsys.readouterr().err


def test_a_full_disk_costs_the_trace_and_not_the_run(tmp_path: Path) -> None:
    """A limit on the size of files fails writes as a full disk does, and needs no rights."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    process = start(tmp_path, 100, preexec_fn=small)
    out, err = process.communicate()
    assert process.returncode == 0 and out == "done\n"
    assert len(err.splitlines()) == 1 and "no more is traced" in err
    assert 0 < len(read_traces([tmp_path]).ordered()) < 100


@pytest.mark.skipif(not (sys.platform == "linux" and os.geteuid() == 0), reason="only the superuser mounts a tmpfs")
def test_a_full_tmpfs(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)]).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        process = start(tmp_path, 200)
        out, err = process.communicate()
        assert process.returncode == 0 and out == "done\n" and "No space left on device" in err
        assert len(err.splitlines()) == 1 and read_traces([tmp_path]).rows
    finally:
        subprocess.run(["umount", str(tmp_path)], check=False)


def test_merging_is_the_same_in_any_order_and_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        writer = TraceWriter(str(tmp_path / name), dict)
        writer.count(writer.row(ROW), 3)
        writer.close()
    once = list(dump_merged(read_traces([tmp_path / "a", tmp_path / "b"])))
    assert [json.loads(line).get("count") for line in once] == [None, 6]
    (tmp_path / "merged.jsonl").write_text("\n".join(once) + "\n")
    again = list(dump_merged(read_traces([tmp_path / "merged.jsonl"])))
    assert again[1:] == once[1:]


def test_a_path_without_traces_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="there is no such file"):
        read_traces([tmp_path / "nothing"])
    with pytest.raises(TraceError, match="neither a trace nor a log"):
        read_traces([tmp_path])
