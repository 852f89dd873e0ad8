"""The AsyncAPI 3.0 document: each topic, who writes and who reads it, with which key, headers and payload.

AsyncAPI describes one application, and this document describes three. So the name of each operation begins with a
party, and `send` or `receive` is what that party does.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.channels import CHANNELS, OPERATIONS, Channel, Message

VERSION: Final = "0.1.0"
"""The version of what goes over the wire (Semantic Versioning). It does not follow the version of the program."""

BINDING_VERSION: Final = "0.5.0"
_DAY_MS: Final = 86_400_000
_MEGABYTE: Final = 1_048_576


def asyncapi() -> dict[str, Any]:
    """The document as plain data. Its members are in the order in which people should read them."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin",
            "version": VERSION,
            "description": "Tells the right people what happened to a support ticket. Topics may carry a prefix, "
            "where several installations share a cluster.\n\nEach operation is seen from the party that its name "
            "begins with: the platform, the engine or the sender.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {
            f"{party}.{action}.{channel}": _operation(party, action, channel, summary)
            for party, action, channel, summary in OPERATIONS
        },
        "components": {"messages": {one.name: _message(one) for channel in CHANNELS for one in channel.messages}},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "address": channel.topic,
        "description": channel.description,
        "messages": {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in channel.messages},
        "bindings": {"kafka": {"topicConfiguration": _configuration(channel), "bindingVersion": BINDING_VERSION}},
    }


def _configuration(channel: Channel) -> dict[str, Any]:
    largest = {"max.message.bytes": channel.largest * _MEGABYTE}
    if channel.kept_days is None:
        return {"cleanup.policy": ["compact"], **largest}
    return {"cleanup.policy": ["delete"], "retention.ms": channel.kept_days * _DAY_MS, **largest}


def _operation(party: str, action: str, channel: str, summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "tags": [{"name": party}],
    }


def _message(message: Message) -> dict[str, Any]:
    key = {"type": "string", "description": message.key}
    written: dict[str, Any] = {
        "name": message.name,
        "summary": message.summary,
        "contentType": message.content_type,
        "payload": message.payload,
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}},
    }
    if message.headers:
        members = {name: {"type": "string", "description": text} for name, text in message.headers.items()}
        written["headers"] = {"type": "object", "properties": members, "required": list(message.required)}
    return written
