"""Values that one fill cannot make: arguments that depend on one another."""

from __future__ import annotations

from typing import Any


def expert_table(arguments: dict[str, Any]) -> dict[str, Any]:
    """Keep the numbers of a counting table below the number of experts."""
    table, experts = arguments["tid2eid"], arguments["router_logits"].shape[-1]
    return {**arguments, "tid2eid": table % experts}
