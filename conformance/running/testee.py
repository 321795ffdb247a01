"""A testee written in Python: what the contract asks, between stdin and stdout.

Rules: an implementation is adapted by a subclass of `Testee` that has a method for each operation
it offers. A method gets Python values, returns Python values, and raises `Refusal` where the
implementation refuses, `Unsupported` where it has no answer; anything else that it raises ends the
process, as it would end a program that uses the implementation.
"""

from __future__ import annotations

import gc
import hashlib
import platform
import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

from gdproto.declaration import MESSAGES, FieldRule

from ..cases import NotHeld, from_typed, made, to_typed
from . import envelope

CONTRACT = 1
OPERATIONS = ("decode", "encode", "parse", "serialize", "session")

Json = dict[str, Any]


class Refusal(Exception):
    """The implementation refuses the bytes or the value; `fault` is how the contract says so."""

    def __init__(self, code: str, **where: Any) -> None:
        super().__init__(code)
        self.fault: Json = {"code": code}
        self.fault |= {name: held for name, held in where.items() if held is not None}


class Unsupported(Exception):
    """The implementation has no answer to this; the text says why."""


class Testee:
    """One implementation, as the contract sees it.

    Attributes:
        name, language, version: how it introduces itself.
        roles: those of which it can play a session.
        reports: what it tells of a fault beside its code: scope, offset, path.
        limits: those that are lower than the specification's.
        policies: its answers to the questions that the specification leaves open.
        skips: cases that it must not be asked, globs of ids and why not.
    """

    name = ""
    language = f"Python {platform.python_version()}"
    version = ""
    roles: tuple[str, ...] = ()
    reports: tuple[str, ...] = ("scope", "offset", "path")
    limits: Mapping[str, int] = MappingProxyType({})
    policies: Mapping[str, str] = MappingProxyType({})
    skips: Mapping[str, str] = MappingProxyType({})

    def declaration(self) -> Json:
        """The answer to start."""
        return {
            "contract": CONTRACT,
            "name": self.name,
            "language": self.language,
            "version": self.version,
            "operations": [name for name in OPERATIONS if hasattr(self, name)],
            "roles": list(self.roles),
            "reports": list(self.reports),
            "limits": dict(self.limits),
            "policies": dict(self.policies),
            "skips": [{"id": glob, "reason": reason} for glob, reason in self.skips.items()],
        }

    def answer(self, command: Json) -> Json:
        """The answer to a run command."""
        operation = getattr(self, command["op"], None)
        if command["op"] not in OPERATIONS or operation is None:
            return {"unsupported": f"no operation {command['op']}"}
        digest = command.get("digest", False)
        try:
            match command["op"]:
                case "decode":
                    return self._decoded(operation(made(command["bytes"])), digest)
                case "encode":
                    return _written(operation(from_typed(command["value"])), digest)
                case "parse":
                    return self._parsed(operation(made(command["bytes"])), digest)
                case "serialize":
                    return _written(operation(from_typed_message(command["message"])), digest)
                case _:
                    return {"steps": operation(command["role"], command["steps"])}
        except Refusal as refusal:
            return {"error": refusal.fault}
        except (NotHeld, Unsupported) as why:
            return {"unsupported": str(why)}

    def _decoded(self, value: Any, digest: bool) -> Json:
        if not digest:
            return {"value": to_typed(value)}
        encode = getattr(self, "encode", None)
        if encode is None:
            raise Unsupported("a digest is of what is encoded again, and there is no encode")
        return _written(encode(value), digest)

    def _parsed(self, message: Json, digest: bool) -> Json:
        if not digest:
            return {"message": to_typed_message(message)}
        serialize = getattr(self, "serialize", None)
        if serialize is None:
            raise Unsupported("a digest is of what is serialized again, and there is no serialize")
        return _written(serialize(message), digest)


def _written(data: bytes, digest: bool) -> Json:
    return {"sha256": hashlib.sha256(data).hexdigest()} if digest else {"bytes": data.hex()}


def from_typed_message(message: Mapping[str, Any]) -> Json:
    """The message with Python values: type, request_id (an int) and fields by name."""
    fields = {name: from_typed(held) for name, held in message["fields"].items()}
    return {"type": message["type"], "request_id": int(message["request_id"]), "fields": fields}


def to_typed_message(message: Mapping[str, Any]) -> Json:
    """The message as JSON: the id as text, the fields as typed JSON."""
    fields = {name: to_typed(held) for name, held in message["fields"].items()}
    return {"type": message["type"], "request_id": str(message["request_id"]), "fields": fields}


def leaves(rules: Iterable[FieldRule]) -> list[FieldRule]:
    """The fields that hold values: those of a dict with fields of its own stand for it."""
    return [leaf for rule in rules for leaf in (leaves(rule.fields) if rule.fields else [rule])]


# The fields of a message by its type's name.
FIELDS = {rule.name: [leaf.name for leaf in leaves(rule.fields or ())] for rule in MESSAGES}


def serve(testee: Testee, source: BinaryIO | None = None, sink: BinaryIO | None = None) -> None:
    """Answer commands until stop, or the end of the stream.

    Raises EnvelopeError: what came is no command.
    """
    source = source or sys.stdin.buffer
    sink = sink or sys.stdout.buffer
    # What the implementation prints must not get between the answers.
    sys.stdout = sys.stderr
    # A value of a million pairs is no garbage, and the collector would go through it many times.
    gc.disable()
    while (command := envelope.read(source)) is not None and command["do"] != "stop":
        begins = command["do"] == "start"
        answer = testee.declaration() if begins else testee.answer(command)
        sink.write(envelope.pack({**answer, "n": command["n"]}))
        sink.flush()
