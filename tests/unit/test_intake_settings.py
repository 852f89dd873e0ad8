"""How long deliveries and states are kept, as the settings say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake.ports import Retention
from tests.support.settings.environments import settings_in
from tocsin.config.settings.faults import SettingsError
from tocsin.config.wiring.http import HttpSettings

HTTP = {"TOCSIN_HTTP": "127.0.0.1:0", "TOCSIN_HTTP_TOKEN": "a-token-of-the-tests"}


def retention(**told: str) -> Retention:
    return HttpSettings.needed(settings_in({**HTTP, **told})).hooks.retention


def test_what_is_kept_follows_from_the_settings() -> None:
    assert retention() == Retention()
    told = retention(TOCSIN_INTAKE_KEEP_DELIVERIES="3.5", TOCSIN_INTAKE_KEEP_STATES="30")
    assert told == Retention(timedelta(days=3.5), timedelta(days=30))


def test_a_delivery_is_known_for_as_long_as_its_signature_counts() -> None:
    with pytest.raises(SettingsError, match=r"2.0 is not .* of at least 3"):
        retention(TOCSIN_INTAKE_KEEP_DELIVERIES="2")
