"""What a call of an entry point gives without its GPU: the contract is acted out, then the reference computes."""

from __future__ import annotations

from typing import Any

from contractlint.catalog.catalog import ReleaseView
from contractlint.testing import kernels
from contractlint.testing.call import Call, Settings
from contractlint.testing.clauses import under_contract
from contractlint.testing.errors import NotComputed


class Answers:
    """The kernels of one release of a library; `package` is what it is imported as."""

    def __init__(self, view: ReleaseView, package: str, settings: Settings) -> None:
        self.view, self.package, self.settings = view, package, settings
        self._kernels = {entry: kernel for entry in view.entry_points if (kernel := self._kernel(entry))}

    @property
    def computed(self) -> tuple[str, ...]:
        """The entry points that compute, by canonical name."""
        return tuple(sorted(self._kernels))

    def called(self, entry: str, owner: Any, arguments: dict[str, Any]) -> Any:
        """Answer one call. Raises NotComputed, and what `under_contract` raises."""
        kernel = self._kernels.get(entry)
        if kernel is None:
            raise NotComputed(
                f"the stand-in for {self.view.library} {self.view.release} cannot compute {entry}: "
                "there is no reference for it in contractlint.reference"
            )
        named = {**arguments, **arguments.pop("kwargs", {})}  # some releases take part of the parameters so
        call = under_contract(Call(entry, self.view, self.settings, named, owner))
        return kernel.shapes(call) if kernel.shapes is not None and call.on_meta else kernel.compute(call)

    def _kernel(self, entry: str) -> kernels.Kernel | None:
        start = len(self.package) + 1
        names = self.view.entry_points[entry].names
        return next((k for name in names if (k := kernels.find(name[start:].removesuffix(".__init__")))), None)
