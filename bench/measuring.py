"""What several benchmarks measure in the same way."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MIB = 1_048_576


def peak_memory(process: str = "self") -> int:
    """The largest resident size that this process has had, in bytes; where there is /proc, another one by its id."""
    status = Path("/proc", process, "status")
    if status.exists():
        # ru_maxrss would be the parent's peak where that was larger, since it outlives exec.
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_memory() -> int:
    """The resident size of this process now, in bytes; where the system doesn't say, its peak."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_memory()
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def report(result: Mapping[str, Any], as_json: bool) -> None:
    """Print a result for people, unless only JSON is wanted, and as one JSON object on the last line."""
    if not as_json:
        for name, value in result.items():
            print(f"{name:26} {value:,}" if isinstance(value, int | float) else f"{name:26} {value}")
    print(json.dumps(result))
