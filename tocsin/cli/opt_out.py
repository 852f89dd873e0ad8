"""`tocsin opt-out`: the page on which people opt out."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
import typer

from sender.ledger.port import LedgerAwayError
from sender.suppressions.opt_out import OptOutTokens
from tocsin.cli.console import WRONG_SETTINGS, stop
from tocsin.cli.options import add_command
from tocsin.cli.starting import log_as_told, naming_address
from tocsin.clock import SystemClock
from tocsin.config.settings.declared.mail import MAIL_SECRETS, OPT_OUT_LISTEN, OPT_OUT_PROXIES, OPT_OUT_RATE
from tocsin.config.settings.declared.processes import DATA, STOP_WITHIN
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.forms import listening, networks
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.signing import installation_secrets
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.ledger_outage import LedgerOutage, awaited_ledger
from tocsin.services.lifecycle.stopping import StoppedError

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "opt-out", opt_out)


def opt_out(settings: Settings) -> None:
    """Serve the page to which the links of messages lead: /u/TOKEN.

    A GET asks, a POST opts out and writes that into the ledger; nothing else can be done here. It runs beside the
    sender, on the same ledger and with the same secrets: those of the data folder, or TOCSIN_MAIL_SECRETS or
    TOCSIN_MAIL_SECRETS_FILE. One address may ask only so often (`opt_out.rate`); who it is behind a proxy, the proxy
    tells. Stop it with Ctrl-C or SIGTERM: an answer
    that is under way is finished, within --stop-within.
    """
    from adapters.web.client_rates import Limit
    from adapters.web.opt_out import opt_out_application
    from adapters.web.serving import serving

    log_as_told(settings)
    settings = settings.either(LEDGER, DATA)
    ledger, data = settings[LEDGER], settings[DATA]
    secrets = _secrets(settings, data)
    within = timedelta(seconds=settings.given(STOP_WITHIN))
    outage = LedgerOutage()

    def tell(why: LedgerAwayError | None) -> None:
        if why is None:
            outage.is_over("open")
        else:
            outage.goes_on("open", why.code, str(why))

    with (
        stopping(within) as asked,
        suppress(StoppedError),
        awaited_ledger(data, ledger, asked, tell) as opened,
        naming_address(settings, OPT_OUT_LISTEN),
    ):
        limit = Limit(settings.given(OPT_OUT_RATE), networks(settings.given(OPT_OUT_PROXIES)))
        application = opt_out_application(OptOutTokens(secrets), opened, SystemClock(), limit)
        host, port = listening(settings.given(OPT_OUT_LISTEN))
        with serving(application, host, port) as bound:
            log.info("up", port=bound)
            asked.event.wait()
    log.info("stopped")


def _secrets(settings: Settings, data: Path | None) -> tuple[str, ...]:
    secrets = installation_secrets(settings, data)
    if not secrets:
        made = f", or start the sender of {data} once: it makes one" if data is not None else ""
        stop(f"{MAIL_SECRETS.names}: there is no secret, so that no link could be read: give one{made}", WRONG_SETTINGS)
    return secrets
