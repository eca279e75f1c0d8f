"""What several callers bring out about one argument is one finding."""

from __future__ import annotations

from dataclasses import replace

from contractlint.engine import merged
from contractlint.model.finding import Finding, Place, Severity, Step, Verdict


def test_the_same_said_for_two_callers() -> None:
    one = Finding(
        code="CL302",
        rule="unforwarded-field",
        severity=Severity.WARNING,
        verdict=Verdict.UNPROVEN,
        place=Place("engine/a.py", 7),
        function="f",
        entry_point="house.scale_by_bias",
        parameter="bias",
        release="1.0",
        effect="silent",
        message="no `bias` is passed",
        remedy="pass it",
        paths=((Step("engine/b.py", 1, "called"),),),
    )
    two = replace(one, paths=((Step("engine/c.py", 2, "called"),),))
    other = replace(one, parameter="scale")
    positions = {id(one): 1, id(two): 1, id(other): 2}
    found = merged([one, two, other], positions)
    assert [(f.parameter, f.paths) for f in found] == [("bias", one.paths + two.paths), ("scale", one.paths)]
    assert [positions[id(f)] for f in found] == [1, 2]
