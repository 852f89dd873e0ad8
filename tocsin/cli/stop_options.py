"""How a service is stopped."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from tocsin.running.deadline import STOP_WITHIN

StopWithinOption = Annotated[
    float,
    typer.Option(
        "--stop-within",
        envvar="TOCSIN_STOP_WITHIN",
        min=0,
        max=86_400,
        metavar="SECONDS",
        help="For what is under way at a stop; what takes longer is cut (exit code 6). Less than the grace period.",
    ),
]
LeaveOption = Annotated[
    bool, typer.Option("--leave", help="When stopped, give up the place in the group: others take over at once.")
]
WITHIN: Final = STOP_WITHIN.total_seconds()
"""Unless another is given."""
