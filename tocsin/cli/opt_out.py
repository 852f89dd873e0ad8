"""`tocsin opt-out`: the page on which people opt out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.sqlite.database import DatabaseError
from adapters.web.opt_out import opt_out_application
from adapters.web.serving import serving
from sender.ledger import LedgerUnavailableError
from sender.opt_out import OptOutTokens
from tocsin.cli.console import UNUSABLE, stop
from tocsin.cli.listen_option import address_failures, listen_address
from tocsin.cli.sending_options import LedgerOption
from tocsin.cli.stop_options import WITHIN, StopWithinOption
from tocsin.clock import SystemClock
from tocsin.logs import log_to_stderr
from tocsin.running.deadline import stopping
from tocsin.running.ledgers import NoLedgerError, open_ledger
from tocsin.running.opt_out import SECRETS, OptOutSettingsError, opt_out_secrets

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("opt-out")(opt_out)


def opt_out(
    listen: Annotated[str, typer.Option("--listen", help="HOST:PORT of plain HTTP, behind a proxy that speaks HTTPS.")],
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the ledger.")] = None,
    ledger: LedgerOption = None,
    stop_within: StopWithinOption = WITHIN,
) -> None:
    """Serve the page to which the links of messages lead: /u/TOKEN.

    A GET asks, a POST opts out and writes that into the ledger; nothing else can be done here. It runs beside the
    sender, on the same ledger and with the same secrets: TOCSIN_OPT_OUT_SECRETS or TOCSIN_OPT_OUT_SECRETS_FILE, with
    blanks or line ends between them; the first one signs, all are accepted. Stop it with Ctrl-C or SIGTERM: an answer
    that is under way is finished, within --stop-within.
    """
    log_to_stderr()
    try:
        secrets = opt_out_secrets()
        if not secrets:
            stop(f"{SECRETS}: there is no secret, so that no link could be read", UNUSABLE)
        within = timedelta(seconds=stop_within)
        with stopping(within) as asked, open_ledger(data, ledger) as opened, address_failures():
            application = opt_out_application(OptOutTokens(secrets), opened, SystemClock())
            host, port = listen_address(listen)
            with serving(application, host, port) as bound:
                log.info("up", port=bound)
                asked.event.wait()
        log.info("stopped")
    except (NoLedgerError, OptOutSettingsError, LedgerUnavailableError, DatabaseError) as error:
        stop(str(error), UNUSABLE)
