"""A signal to the whole group of processes, as supervisors and terminals send it, ends no child: its parent does."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest

from adapters.children.process import Child, Limits, Questioner, module


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_that_has_only_just_been_started_outlives_it(number: signal.Signals) -> None:
    with closing(Child(module("adapters.writing.child"), Limits(5.0))) as child:
        os.kill(child.pid, number)
        Questioner(child).await_ready()


def test_the_parent_goes_on_to_hear_them() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    Child(module("adapters.writing.child"), Limits(5.0)).close()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
