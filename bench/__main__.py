"""`python -m bench NAME …` runs the benchmark `bench/NAME.py`; without a name it lists them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def benchmarks() -> list[str]:
    """The names of the modules in this folder that have a `main` of their own."""
    folder = Path(__file__).parent
    return sorted(file.stem for file in folder.glob("[a-z]*.py") if "\ndef main(" in file.read_text(encoding="utf-8"))


def run() -> None:
    """Hand the remaining arguments to the benchmark that the first one names."""
    known = [name for name in benchmarks() if name != "__main__"]
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        sys.exit(f"usage: python -m bench NAME …, where NAME is one of: {', '.join(known)}")
    name = sys.argv[1]
    sys.argv = [f"python -m bench {name}", *sys.argv[2:]]
    import_module(f"bench.{name}").main()


if __name__ == "__main__":
    run()
