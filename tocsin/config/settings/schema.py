"""The JSON Schema of the settings file, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tocsin.config.settings.declared import by_table
from tocsin.config.settings.setting import Setting


def settings_schema() -> str:
    """The schema (draft 2020-12), as text."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tocsin:schema:settings",
        "title": "The settings file of a Tocsin installation.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            table: {
                "type": "object",
                "additionalProperties": False,
                "properties": {key: value for setting in settings for key, value in _keys(setting)},
            }
            for table, settings in by_table()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _keys(setting: Setting[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in setting.keys:
        name = key.partition(".")[2]
        if key == setting.key:
            default = {} if setting.default is None else {"default": setting.default}
            yield name, {"description": setting.meaning, **setting.kind.schema, **default}
        else:
            yield name, {"description": f"A file that holds it. {setting.meaning}", "type": "string", "minLength": 1}
