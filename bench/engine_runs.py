"""The processes of the benchmark `engine`: `python -m bench.engine_runs BOOTSTRAP PREFIX WHAT GROUP …`."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic, perf_counter, process_time
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import Step
from bench.measuring import resident_memory
from engine.consumer import BATCH_RECORDS
from schemas.topics import JOBS, TICKETS
from tocsin.logs import log_to_stderr
from tocsin.services.engine import engine_service
from tocsin.services.lifecycle.stopping import Stop

POLL_SECONDS = 0.5
IDLE_SECONDS = 3.0
GIVE_UP_SECONDS = 60.0


def rate(step: Callable[[], int], events: int) -> str:
    """Events a second of the clock, and of this process's processor time.

    From the end of the first batch to the end of the last: joining a group is another matter.
    """
    done = 0
    while done == 0:
        done = step()
    first, started, worked = done, perf_counter(), process_time()
    while done < events:
        done += step()
    return f"{(done - first) / (perf_counter() - started)} {(done - first) / (process_time() - worked)}"


def engine(settings: KafkaSettings, group: str, events: int) -> None:
    """Decide all events, and print the rate."""
    with engine_service(settings, Membership(group, "one"), None) as service:
        print(rate(lambda: service.step(1.0).records, events))


def steps(settings: KafkaSettings, group: str, instance: str) -> None:
    """Decide what there is, and print when each batch was committed, and its size. Ends when nothing is left."""
    done: list[tuple[float, int]] = []
    with engine_service(settings, Membership(group, instance), None) as service:
        idle = 0.0
        while idle < IDLE_SECONDS or not done:
            records = service.step(POLL_SECONDS).records
            idle = 0.0 if records else idle + POLL_SECONDS
            if records:
                # On one machine, this clock is the same for all processes.
                done.append((monotonic(), records))
            if idle > GIVE_UP_SECONDS:
                break
    for one in done:
        print(json.dumps(one))


def first(settings: KafkaSettings, group: str, instance: str) -> None:
    """Work, and say when the first transaction is committed."""

    def after(step: Step) -> None:
        if step is Step.COMMITTED:
            print("committed", flush=True)

    with engine_service(settings, Membership(group, instance), None, after_step=after) as service:
        service.run(Stop())


def stuck(settings: KafkaSettings, group: str, instance: str) -> None:
    """Get as far as the outputs of a transaction, say so, and hang until killed."""

    def after(step: Step) -> None:
        if step is Step.STORED:
            print("appended", flush=True)
            threading.Event().wait()

    with engine_service(settings, Membership(group, instance), None, after_step=after) as service:
        service.run(Stop())


def memory(settings: KafkaSettings, group: str, before: int, events: int) -> None:
    """Print the resident size after a tenth of the events, and after all; those `before` are for warming up."""
    with engine_service(settings, Membership(group, "one"), None) as service:
        done = -before
        for goal in (events // 10, events):
            while done < goal:
                done += service.step(1.0).records
            print(resident_memory(), flush=True)


def raw(settings: KafkaSettings, group: str, events: int, outputs: float, size: int) -> None:
    """Pass all events through with nothing but kafka-python, and print the rate."""
    consumer = KafkaConsumer(
        settings.real(TICKETS),
        **settings.client(),
        group_id=settings.real(group),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = KafkaProducer(**settings.client(), transactional_id=settings.real(group), batch_size=262_144)
    producer.init_transactions()
    value, topic, owed = b"x" * size, settings.real(JOBS), 0.0

    def step() -> int:
        nonlocal owed
        polled: dict[Any, Any] = consumer.poll(timeout_ms=1_000, max_records=BATCH_RECORDS)
        if not polled:
            return 0
        group_metadata = consumer.group_metadata()
        producer.begin_transaction()
        for records in polled.values():
            for record in records:
                owed += outputs
                while owed >= 1:
                    producer.send(topic, value, record.key)
                    owed -= 1
        offsets = {partition: OffsetAndMetadata(records[-1].offset + 1) for partition, records in polled.items()}
        producer.send_offsets_to_transaction(offsets, group_metadata)
        producer.commit_transaction()
        return sum(map(len, polled.values()))

    print(rate(step, events))


ALONE = {"steps": steps, "first": first, "stuck": stuck}


if __name__ == "__main__":
    # With TOCSIN_LOG_LEVEL=info it is measured with all that a service writes.
    log_to_stderr(logging.WARNING)
    bootstrap, prefix, what, group, *details = sys.argv[1:]
    on = KafkaSettings((bootstrap,), prefix)
    if what == "engine":
        engine(on, group, int(details[0]))
    elif what in ALONE:
        ALONE[what](on, group, details[0])
    elif what == "memory":
        memory(on, group, *map(int, details))
    else:
        raw(on, group, int(details[0]), float(details[1]), int(float(details[2])))
