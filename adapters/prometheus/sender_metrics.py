"""Metrics of the sender: what it took in, every try and its answer, and how jobs end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.vocabulary import Channel
from sender.ledger.waits import MAILBOX, RELAY, Wait
from sender.records import Admission, LedgerEntry, Report
from sender.replies.reply import Reply, ReplyKind
from sender.states import SCHEDULED, Hold, Transition
from sender.storms.scheduled import made_by, wanted_at

DELAYS: Final = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 259200)
CLASSES: Final = ("2xx", "4xx", "5xx", "none")
"""Classes of an answer (RFC 5321, section 4.2.1); `none`: no answer came."""


class SenderMetrics:
    """The sender's metrics on one registry. Every label value there can be, is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, registry=registry)

        self._accepted = counter("tocsin_jobs_taken_in", "Jobs that came, by what became of them.", "admission")
        self._no_jobs = counter("tocsin_job_records_refused", "Records of the topic of jobs that are no job.")
        self._changes = counter("tocsin_job_changes", "What happened to jobs.", "transition")
        self._faults = counter("tocsin_template_faults", "Messages for which the built-in text stood in.")
        self._answers = counter(
            "tocsin_delivery_answers", "Answers of relays and other transports, by their class.", "channel", "class"
        )
        self._digests = counter("tocsin_digests_delivered", "Digests that were delivered, by what made them.", "hold")
        self._unknown = counter("tocsin_deliveries_unknown", "Tries of which nobody knows whether they arrived.")
        self._suppressed = counter("tocsin_addresses_suppressed", "Addresses that a relay said are dead for good.")
        self._out_of_reach = Gauge(
            "tocsin_relay_out_of_reach",
            "1 from when the mail relay could not be reached, or said nothing to what it was given, until it answers.",
            registry=registry,
        )
        self._domains = Gauge(
            "tocsin_domains_waiting",
            "Domains whose mail is put off, so that they wait; 100 at most.",
            registry=registry,
        )
        self._mailboxes = Gauge(
            "tocsin_mailboxes_waiting",
            "Mailboxes whose messages are put off, so that they wait; 100 at most.",
            registry=registry,
        )
        self._longest = Gauge(
            "tocsin_domains_wait_seconds", "For how long yet the one waits that waits longest.", registry=registry
        )
        self._delay = Histogram(
            "tocsin_delivery_delay_seconds",
            "Time from a save to the delivery of a message about it; from when it was due, where a rule lets it wait.",
            buckets=DELAYS,
            registry=registry,
        )
        self._begin()

    def taken_in(self, admissions: Mapping[Admission, int], refused: int) -> None:
        """Records were taken in from the topic of jobs."""
        for admission, number in admissions.items():
            self._accepted.labels(admission.value).inc(number)
        self._no_jobs.inc(refused)

    def answered(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._answers.labels(entry.job.channel.value, _class_of(reply)).inc()
        if reply.kind is ReplyKind.UNKNOWN:
            self._unknown.inc()
        if reply.kind is ReplyKind.ACCEPTED:
            self._delay.observe(max(0.0, (now - wanted_at(entry)).total_seconds()))
            if entry.standing.digest:
                self._digests.labels(made_by(entry).value).inc()

    def waiting(self, waits: Sequence[Wait], now: datetime) -> None:
        """See sender.ports.DeliveryMonitor."""
        mailboxes = [one for one in waits if one.name.startswith(MAILBOX)]
        domains = [one for one in waits if one.name != RELAY and one not in mailboxes]
        self._out_of_reach.set(any(one.name == RELAY for one in waits))
        self._mailboxes.set(len(mailboxes))
        self._domains.set(len(domains))
        self._longest.set(max(((one.until - now).total_seconds() for one in domains), default=0.0))

    def changed(self, report: Report) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._changes.labels(report.transition.value).inc()
        if report.fault is not None:
            self._faults.inc()
        if report.suppress is not None:
            self._suppressed.inc()

    def _begin(self) -> None:
        for admission in Admission:
            self._accepted.labels(admission.value)
        for transition in Transition:
            self._changes.labels(transition.value)
        for hold in (Hold.STORM, *SCHEDULED):
            self._digests.labels(hold.value)
        for channel in Channel:
            for one in CLASSES:
                self._answers.labels(channel.value, one)


def _class_of(reply: Reply) -> str:
    if reply.is_about_the_relay:
        # A 5xx is a message that has failed, and this one costs none.
        return "none"
    name = f"{(reply.code or 0) // 100}xx"
    return name if name in CLASSES else "none"
