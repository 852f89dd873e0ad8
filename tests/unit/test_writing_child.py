"""Messages are written in a child process: what becomes of them when a template, a text or a kill ends it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.children.process import Child, Limits, environment
from adapters.jinja.sources import TemplateSources, read_sources
from adapters.writing import writer as writer_module
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import MEMORY, Stationery
from schemas.job import Job
from schemas.vocabulary import Channel, MessageFormat
from sender.messages.composer import Drafts
from sender.ports import Composed, OutgoingMail
from sender.states import State
from tests.faults.engines import until
from tests.support.helpdesk.hostile_templates import HTML, TEXT
from tests.support.mail.messages import (
    IDENTITY,
    TEMPLATES,
    MessageComposer,
    a_job,
    as_read,
    external,
    shipped_renderer,
    templates,
)
from tests.support.sender.fakes import START, FakeTransport
from tests.support.sender.fakes import a_job as a_plain_job
from tests.support.sender.on_fakes import SenderOnFakes

ROOT = Path(__file__).parents[2]
LIMITS = Limits(seconds=20.0, processor_seconds=1.0, memory=MEMORY)
PATIENCE = 20.0
HOSTILE = {**HTML, **TEXT}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def own(version: str = "") -> TemplateSources:
    """The shipped templates, hostile ones, and one that says of which version it is, in text and HTML."""
    texts = dict(read_sources(TEMPLATES).texts)
    for number, name in enumerate(HOSTILE):
        texts[f"hostile/n{number}.en.txt.j2"] = TEXT.get(name, "text")
        texts[f"hostile/n{number}.en.html.j2"] = HTML.get(name, "html")
    texts |= {"own/v.en.txt.j2": f"[{version}]", "own/v.en.html.j2": f"[{version}]"}
    return TemplateSources(texts, {}, version)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer_module, "WRITING", LIMITS)
        patched.setattr(writer_module, "FIRST_PAUSE", 0.001)
        patched.setattr(writer_module, "LONGEST_PAUSE", 0.01)
        yield


@pytest.fixture(scope="module")
def shared() -> Iterator[ChildComposer]:
    """A child for all tests that may end it."""
    composer = ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))
    composer.use(own())
    yield composer
    composer.close()


async def written(composer: ChildComposer, job: Job) -> Composed:
    return await composer.compose(job, job.trigger, job.form)


def content(composed: Composed) -> bytes:
    assert isinstance(composed.message, OutgoingMail)
    return composed.message.content


GOOD = a_job()
IN_FORM = MessageComposer(shipped_renderer(), IDENTITY).compose(GOOD, GOOD.trigger, GOOD.form)


async def test_a_message_is_what_this_process_would_write(shared: ChildComposer) -> None:
    assert await written(shared, GOOD) == IN_FORM


async def test_a_number_of_any_size_gets_there(shared: ChildComposer) -> None:
    job = a_job(external(custom={"severity": 10**40}))
    assert (await written(shared, job)).fault is None


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_template_that_ends_the_child_costs_its_message_the_form_and_no_other(
    shared: ChildComposer, name: str
) -> None:
    number = list(HOSTILE).index(name)
    job = a_job(template=f"hostile/n{number}", format=MessageFormat.HTML)
    started = time.monotonic()
    hostile, *others = await asyncio.gather(written(shared, job), *(written(shared, GOOD) for _ in range(5)))
    assert time.monotonic() - started < PATIENCE
    assert others == [IN_FORM] * 5
    if number != 1:  # what freezes a search for the end of each style sheet is no trouble any more
        assert hostile.fault is not None
        assert hostile.fault.startswith(f"hostile/n{number}")
        assert "A support ticket was opened." in as_read(content(hostile)).text


async def test_a_kind_of_message_that_ended_the_child_is_not_tried_at_once_again(shared: ChildComposer) -> None:
    job = a_job(template="hostile/n2", format=MessageFormat.TEXT)
    await written(shared, job)
    ends = shared.writer.ends
    assert {(await written(shared, job)).fault for _ in range(20)} == {
        "hostile/n2 (en): it ended the process that writes messages, and is not tried for a minute"
    }
    assert shared.writer.ends == ends


async def test_a_child_that_was_killed_is_replaced_and_no_message_loses_its_form(shared: ChildComposer) -> None:
    await written(shared, GOOD)
    waiting = [asyncio.ensure_future(written(shared, GOOD)) for _ in range(30)]
    await asyncio.sleep(0)
    assert shared.writer.pid is not None
    os.kill(shared.writer.pid, signal.SIGKILL)
    assert await asyncio.gather(*waiting) == [IN_FORM] * 30


@pytest.mark.parametrize("polite", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_to_the_group_leaves_the_child_to_its_parent(
    shared: ChildComposer, polite: signal.Signals
) -> None:
    await written(shared, GOOD)
    pid = shared.writer.pid
    assert pid is not None
    os.kill(pid, polite)
    assert await written(shared, GOOD) == IN_FORM
    assert shared.writer.pid == pid


async def test_templates_are_swapped_whole(shared: ChildComposer) -> None:
    job = a_job(template="own/v", format=MessageFormat.HTML)
    waiting = []
    for version in "abcdef":
        shared.use(own(version))
        waiting += [asyncio.ensure_future(written(shared, job)) for _ in range(5)]
        await asyncio.wait(waiting[-2:], return_when=asyncio.FIRST_COMPLETED)
    mails = [as_read(content(one)) for one in await asyncio.gather(*waiting)]
    assert [(mail.text.strip(), (mail.html or "").strip()) for mail in mails] == [
        (f"[{version}]", f"[{version}]") for version in "abcdef" for _ in range(5)
    ]


async def test_a_kill_amid_delivery_loses_nothing_and_doubles_nothing(shared: ChildComposer) -> None:
    killed: list[int] = []

    class Relay(FakeTransport):
        async def send(self, *given: Any, **more: Any) -> Any:
            pid = shared.writer.pid
            if pid is not None and len(killed) < 2 and len(self.mails) >= 7 * (len(killed) + 1):
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
            return await super().send(*given, **more)

    sender = SenderOnFakes(Relay(), composer=shared)
    jobs = [a_plain_job(f"e-{number}", f"T-{number}", address=f"p{number}@acme.example") for number in range(40)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    assert killed
    assert {sender.state(job) for job in jobs} == {State.DELIVERED}
    assert sorted(mail.recipient for mail in sender.transport.mails) == sorted(job.address for job in jobs)


async def test_a_child_that_can_not_work_costs_messages_their_form_and_is_not_started_without_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends before it has said a word."""
    starts: list[Child] = []
    right = writer_module._start

    def start() -> Child:
        starts.append(right())
        return starts[-1]

    monkeypatch.setattr(writer_module, "_start", start)
    most = writer_module.MOST_IN_VAIN
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        with monkeypatch.context() as broken:
            broken.setattr(writer_module, "CHILD", (sys.executable, "-S", "-c", "raise SystemExit(7)"))
            composer.use(own())
            faults = {(await written(composer, GOOD)).fault}
            # Those that come during a pause do not wait for it.
            broken.setattr(writer_module, "FIRST_PAUSE", 60.0)
            broken.setattr(writer_module, "LONGEST_PAUSE", 60.0)
            faults |= {one.fault for one in await asyncio.gather(*(written(composer, GOOD) for _ in range(20)))}
        assert (len(starts), composer.writer.ends) == (most, most)
        assert [record.message for record in caplog.records].count("message_process_ended") == most
        assert all(fault is not None and fault.startswith("external/opened (en): the process") for fault in faults)
        await asyncio.sleep(writer_module.LONGEST_PAUSE)
        assert await written(composer, GOOD) == IN_FORM, "it works again"


async def test_a_child_that_hangs_at_a_setup_is_replaced_as_soon_as_at_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 3.0)
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        composer.use(own("a"))
        assert await written(composer, GOOD) == IN_FORM
        assert composer.writer.pid is not None
        os.kill(composer.writer.pid, signal.SIGSTOP)
        composer.use(own("b"))
        async with asyncio.timeout(PATIENCE):
            assert await written(composer, GOOD) == IN_FORM


async def test_other_templates_end_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        with monkeypatch.context() as broken:
            broken.setattr(writer_module, "CHILD", (sys.executable, "-S", "-c", "raise SystemExit(7)"))
            composer.use(own())
            await written(composer, GOOD)
        monkeypatch.setattr(writer_module, "FIRST_PAUSE", 60.0)
        monkeypatch.setattr(writer_module, "LONGEST_PAUSE", 60.0)
        assert (await written(composer, GOOD)).fault is not None
        composer.use(own())
        assert await written(composer, GOOD) == IN_FORM


async def test_a_child_has_no_secrets_and_no_files(shared: ChildComposer, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("TOCSIN_SMTP_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "TOCSIN_OPT_OUT_SECRETS")
    for name in secrets:
        monkeypatch.setenv(name, "hunter2")
    inherited = environment()
    assert "hunter2" not in inherited.values()
    assert {"PATH", "PYTHONPATH"} <= set(inherited)
    if sys.platform != "linux":
        return
    kept, away = os.pipe()
    os.set_inheritable(away, True)
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        composer.use(own())
        assert await written(composer, GOOD) == IN_FORM
        process = Path(f"/proc/{composer.writer.pid}")
        assert IDENTITY.secrets[0].encode() not in (composer.writer._setup or b"")
        assert b"hunter2" not in (process / "environ").read_bytes()
        files = {file.readlink() for file in (process / "fd").iterdir()}
        assert (process / "fd" / "0").readlink() in files
        assert f"pipe:[{os.fstat(away).st_ino}]" not in {str(file) for file in files}
    os.close(kept)
    os.close(away)


async def test_a_child_ends_with_its_parent_even_in_the_midst_of_a_message() -> None:
    script = (
        "import asyncio, os, signal\n"
        "from tests.unit.test_writing_child import *\n"
        "async def main():\n"
        "    composer = ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))\n"
        "    writer_module.WRITING = LIMITS\n"
        "    composer.use(own())\n"
        "    await written(composer, GOOD)\n"
        "    print(composer.writer.pid, flush=True)\n"
        "    asyncio.ensure_future(written(composer, a_job(template='hostile/n2', format=MessageFormat.TEXT)))\n"
        "    await asyncio.sleep(0.2)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], capture_output=True, check=False, timeout=30, cwd=ROOT
    )
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    await asyncio.to_thread(until, lambda: not _is_running(int(parent.stdout)), PATIENCE)


def _is_running(pid: int) -> bool:
    """A process that has ended may be waited for by nobody."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(said.strip()) and not said.strip().startswith("Z")


DRAWS_NOTHING = (
    "import os, adapters.fax.pages\n"
    "from adapters.children.serving import serve\n"
    "from adapters.writing.child import RequestHandler\n"
    "def draw(self, job, text):\n"
    "    if {ends!r} in text: os.abort()\n"
    "    return right(self, job, text)\n"
    "right, adapters.fax.pages.PdfPages.draw = adapters.fax.pages.PdfPages.draw, draw\n"
    "serve(RequestHandler().answer)\n"
)


@pytest.mark.parametrize(("ends", "is_drawn"), [("Since this morning", True), ("", False)])
async def test_a_fax_that_can_not_be_drawn_is_drawn_with_the_built_in_text_or_goes_as_text(
    ends: str, is_drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "CHILD", (sys.executable, "-P", "-c", DRAWS_NOTHING.format(ends=ends)))
    fax = a_job(channel=Channel.FAX, address="+33140000001", template="fax/alert", format=MessageFormat.TEXT)
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY), draws_pages=True)) as composer:
        composer.use(own())
        composed = await written(composer, fax)
    assert composed.fault is not None
    assert re.match(r"fax/alert \(en\): the process that writes messages failed at it: .* -6 \(a crash", composed.fault)
    assert (b"application/pdf" in content(composed)) is is_drawn
    assert is_drawn or "A support ticket was opened." in as_read(content(composed)).text


async def test_a_fax_number_that_is_none_of_its_region_is_refused() -> None:
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        composer.use(templates(**{"fax/alert.en.txt.j2": "x"}), fax_region="FR")
        recipients = []
        for number in ("123", "112", "01 40 00 00 01", "+49 30 1234567"):
            fax = a_job(channel=Channel.FAX, address=number, template="fax/alert")
            recipients.append((await written(composer, fax)).message.recipient)
    assert recipients == ["123", "112", "0140000001@fax.example", "49301234567@fax.example"]
