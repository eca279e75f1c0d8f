"""What this machine has: chip, driver, library. Asked of a child process, so that nothing is imported here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

CHIP = "CONTRACTLINT_CAPABILITY"  # names the environment variable that tells children what chip this machine has
_PROBE = """
import json, sys
found = {}
try:
    import torch
except Exception as problem:
    found["missing"] = f"PyTorch cannot be imported ({type(problem).__name__}: {problem})"
else:
    found["torch"] = torch.__version__
    found["cuda"] = torch.version.cuda or ""
    if torch.cuda.is_available():
        found["chip"] = torch.cuda.get_device_name(0)
        found["gpus"] = torch.cuda.device_count()
        found["capability"] = "%d.%d" % torch.cuda.get_device_capability(0)
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """The chip that kernels run on, and what runs them."""

    chip: str
    capability: str  # `9.0`
    driver: str
    cuda: str
    torch: str
    release: str
    gpus: int = 1

    @property
    def architecture(self) -> str:
        """`sm_90a`."""
        return architecture(self.capability)

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class NoMachine(Exception):
    """Kernels cannot run here; the message is one line that says what is missing."""


def architecture(capability: str) -> str:
    """The compiler's name of a compute capability, with the chip's own instructions: `9.0` → `sm_90a`."""
    major, _, minor = capability.partition(".")
    if minor == "x":
        return f"sm_{major}x"
    return f"sm_{major}{minor}{'a' if int(major) >= 9 else ''}"


_CHIP = re.compile(r"(?:sm_)?(?P<major>\d+?)[._]?(?P<minor>\d)[af]?")


def capability_of(chip: str) -> str:
    """Read a chip's compute capability as people write it: `9.0`, `sm_90a`, `100` → `9.0`, `9.0`, `10.0`.

    Raises:
        ValueError: it is written in no such way.
    """
    found = _CHIP.fullmatch(chip.strip().lower())
    if found is None:
        raise ValueError(f"{chip!r} is no compute capability; write it like 9.0 or sm_90a")
    return f"{found['major']}.{found['minor']}"


def installed_release(library: str) -> str | None:
    """The installed release of a library, without importing it."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def probe(library: str, package: str) -> Machine:
    """Look at this machine. Raises NoMachine when a GPU, torch or the library is missing."""
    if find_spec("torch") is None:
        raise NoMachine("PyTorch is not installed, so no kernel can run; --plan shows what would")
    text = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=300, check=False
    ).stdout
    found = json.loads(text or "{}")
    if "missing" in found:
        raise NoMachine(found["missing"])
    if "chip" not in found:
        raise NoMachine("no CUDA device is visible, so no kernel can run; --plan shows what would")
    release = installed_release(library)
    if release is None or find_spec(package) is None:
        raise NoMachine(f"{library} is not installed, so there is nothing to run; --plan --release R shows what would")
    return Machine(found["chip"], found["capability"], _driver(), found["cuda"], found["torch"], release, found["gpus"])


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return text.splitlines()[0].strip() if text.strip() else ""
