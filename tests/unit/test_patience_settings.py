"""How long is waited, as settings say: for a process's sign of life, for a sender's lease, and before a second copy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.settings import SESSION, Membership
from sender.delivery.loop import DeliverySettings
from tests.support.settings.values import written
from tocsin.config.settings.declared.kafka import KAFKA_SESSION
from tocsin.config.settings.declared.processes import ENGINE_GROUP, INSTANCE_NAME
from tocsin.config.settings.declared.sending import DELIVERY_LEASE, DELIVERY_UNKNOWN_AFTER, SEND_LIMIT
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.kinds import Number
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.setting import Setting
from tocsin.config.wiring.kafka import membership
from tocsin.config.wiring.sending import SendingSettings

ENGINE_ONE: tuple[tuple[Setting[Any], object], ...] = ((ENGINE_GROUP, "engine"), (INSTANCE_NAME, "one"))
PATIENCE = (KAFKA_SESSION, DELIVERY_LEASE, DELIVERY_UNKNOWN_AFTER)


def bounds(setting: Setting[Any]) -> tuple[float, float]:
    kind = setting.kind
    assert isinstance(kind, Number)
    assert kind.maximum is not None
    return kind.minimum, kind.maximum


def told(*values: tuple[Setting[Any], object]) -> Settings:
    given = {setting.variable: str(value) for setting, value in [*ENGINE_ONE, *values]}
    return read_settings(None, given).checked()


@pytest.mark.parametrize("seconds", [*bounds(KAFKA_SESSION), SESSION.total_seconds(), 31.0])
def test_every_session_has_limits_that_fit_together(seconds: float) -> None:
    place = membership(told((KAFKA_SESSION, seconds)), ENGINE_GROUP)
    assert place.session == timedelta(seconds=seconds)
    # An open transaction holds nobody up for longer than the session does, and its calls end before the process does.
    assert timedelta(0) < place.transaction <= place.session
    assert place.transaction * 2 <= place.call_limit


def test_nothing_said_is_what_it_was() -> None:
    assert membership(told(), ENGINE_GROUP) == Membership("engine", "one")


@pytest.mark.parametrize("lease", bounds(DELIVERY_LEASE))
@pytest.mark.parametrize("unknown_after", bounds(DELIVERY_UNKNOWN_AFTER))
def test_every_lease_is_longer_than_a_try_and_every_wait_can_be_had(lease: float, unknown_after: float) -> None:
    sending = SendingSettings(lease=timedelta(minutes=lease), unknown_after=timedelta(minutes=unknown_after))
    made = sending.delivery()
    assert made.send_limit == SEND_LIMIT < made.lease == timedelta(minutes=lease)
    assert made.retry.longest_delay <= made.retry.unknown_delay == timedelta(minutes=unknown_after)


def test_a_sender_that_is_told_nothing_waits_as_it_did() -> None:
    made, plain = SendingSettings().delivery(), DeliverySettings()
    assert (made.retry, made.lease) == (plain.retry, SEND_LIMIT * 2)


def test_a_sender_waits_as_the_settings_in_force_say() -> None:
    minutes = {DELIVERY_LEASE.variable: "7", DELIVERY_UNKNOWN_AFTER.variable: "9"}
    settings = read_settings(None, minutes).checked()
    sending = SendingSettings.of(settings)
    assert (sending.lease, sending.unknown_after) == (timedelta(minutes=7), timedelta(minutes=9))


OUTSIDE = [
    (setting, bound * way) for setting in PATIENCE for bound, way in zip(bounds(setting), (0.9, 1.1), strict=True)
]


@pytest.mark.parametrize(("setting", "value"), OUTSIDE)
def test_what_lies_outside_is_refused_with_its_place_and_what_is_allowed(
    tmp_path: Path, setting: Setting[Any], value: float
) -> None:
    table, _, name = setting.key.partition(".")
    file = written(tmp_path, f"[{table}]\n{name} = {value}\n")
    said = rf"tocsin.toml:2: {setting.key}: .* is not a number of at least .* at most"
    with pytest.raises(SettingsError, match=said):
        read_settings(file, {}, PATIENCE).checked()
