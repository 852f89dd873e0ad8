"""The installation's secrets: given by settings, or kept in a data folder that makes its own."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support.settings.environments import mail_by, settings_in
from tocsin.config.settings.faults import SettingsError
from tocsin.config.wiring.mail import MailSettings
from tocsin.config.wiring.signing import NAME, expected_secrets, installation_secrets, made_secrets

NEW, OLD = "the-new-secret-of-it", "the-old-secret-of-it"


def test_a_data_folder_gets_a_secret_of_its_own_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = made_secrets(settings_in({}), folder)

    assert len(made) == 1
    assert len(made[0]) == 64
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert made_secrets(settings_in({}), folder) == installation_secrets(settings_in({}), folder) == made
    assert [file.name for file in folder.iterdir()] == [NAME]
    assert made_secrets(settings_in({}), tmp_path / "another") != made


def test_what_is_given_signs_and_what_the_folder_has_is_still_accepted(tmp_path: Path) -> None:
    (own,) = made_secrets(settings_in({}), tmp_path)
    given = settings_in({"TOCSIN_MAIL_SECRETS": f"{NEW}\n{OLD}", "TOCSIN_OPT_OUT_SECRETS": f"the-former-setting {OLD}"})

    assert made_secrets(given, tmp_path) == (NEW, OLD, "the-former-setting", own)


def test_where_some_are_given_no_file_is_made_and_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert made_secrets(settings_in({"TOCSIN_OPT_OUT_SECRETS": OLD}), tmp_path) == (OLD,)
    assert list(tmp_path.iterdir()) == []
    assert made_secrets(settings_in({}), None) == ()


def test_a_secret_that_is_too_short_is_named_by_its_place_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TOCSIN_MAIL_SECRETS: each secret needs at least 16") as error:
        installation_secrets(settings_in({"TOCSIN_MAIL_SECRETS": "hunter2"}))
    assert "hunter2" not in str(error.value)
    (tmp_path / NAME).write_text("hunter2")
    with pytest.raises(SettingsError, match=f"{NAME}: each secret"):
        made_secrets(settings_in({}), tmp_path)


def test_the_file_of_an_earlier_version_is_narrowed_when_it_is_read(tmp_path: Path) -> None:
    made = made_secrets(settings_in({}), tmp_path)
    (tmp_path / NAME).chmod(0o666)
    assert installation_secrets(settings_in({}), tmp_path) == made
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_what_is_no_file_of_the_folder_is_named_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(SettingsError, match=f"{NAME}: .*no regular file"):
        made_secrets(settings_in({}), tmp_path)
    (tmp_path / NAME).unlink()
    (tmp_path / "elsewhere").write_text(NEW)
    (tmp_path / NAME).symlink_to("elsewhere")
    with pytest.raises(SettingsError, match=f"{NAME}: .*it is a link"):
        made_secrets(settings_in({}), tmp_path)


def test_a_folder_that_can_not_keep_one_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(SettingsError, match=NAME):
        made_secrets(settings_in({}), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="file/secrets"):
        made_secrets(settings_in({}), tmp_path / "file")


def mail(environment: dict[str, str]) -> MailSettings:
    return mail_by("localhost:25", environment)


def test_a_return_path_with_a_token_needs_a_secret_where_no_folder_will_have_one() -> None:
    verp = {"TOCSIN_RETURN_PATH": "bounces+{token}@desk.example"}
    with pytest.raises(SettingsError, match=r"TOCSIN_RETURN_PATH: .*TOCSIN_MAIL_SECRETS"):
        mail(verp)
    with pytest.raises(SettingsError, match="TOCSIN_RETURN_PATH"):
        mail(verp | {"TOCSIN_DATA": "D", "TOCSIN_LEDGER": "postgresql://h/d"})
    assert mail(verp | {"TOCSIN_DATA": "D"}).signed_by([NEW]).identity.secrets == (NEW,)
    assert mail(verp | {"TOCSIN_MAIL_SECRETS": NEW}).identity.envelope_from == "bounces+{token}@desk.example"
    assert mail({}).identity.envelope_from == "support@desk.example"
    assert expected_secrets(settings_in({})) == ()


def test_a_return_path_that_can_not_be_used_is_named() -> None:
    for wrong in ("nobody", "bounces{token}@desk.example"):
        with pytest.raises(SettingsError, match="TOCSIN_RETURN_PATH"):
            mail({"TOCSIN_RETURN_PATH": wrong, "TOCSIN_MAIL_SECRETS": NEW})
