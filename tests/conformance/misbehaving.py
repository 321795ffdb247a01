"""A testee that knows three values, and misbehaves as its argument says. It needs nothing of ours.

    python misbehaving.py HOW [FILE]

Misbehaviour begins with the case `bool-true`; with FILE, the process id is added to it.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KNOWN = {"00": {"none": ""}, "0100": {"bool": "false"}, "0101": {"bool": "true"}}
HOW = sys.argv[1]
# Buffered, whatever the environment says.
OUT = open(1, "wb", closefd=False)  # noqa: SIM115
DECLARED: dict[str, Any] = {
    "contract": 1,
    "name": "misbehaving",
    "language": "Python",
    "version": "1",
    "operations": ["decode", "encode"],
}
DECLARATIONS: dict[str, dict[str, Any]] = {
    "other_contract": {**DECLARED, "contract": 2},
    "unknown_operation": {**DECLARED, "operations": ["decode", "guess"]},
    "nothing_declared": {**DECLARED, "operations": []},
    "nameless": {**DECLARED, "name": ""},
    "unknown_limit": {**DECLARED, "limits": {"max_mood": 3}},
    "unknown_role": {**DECLARED, "roles": ["bystander"]},
    "unknown_policy": {**DECLARED, "policies": {"mood": "good"}},
    "unknown_answer": {**DECLARED, "policies": {"nan-payload": "lost"}},
    "skips_without_reason": {**DECLARED, "skips": [{"id": "bool-*"}]},
    "odd_declaration": {**DECLARED, "limits": [1]},
    "lies_about_operations": {**DECLARED, "operations": ["decode", "encode", "session"]},
    "skips": {**DECLARED, "skips": [{"id": "bool-*", "reason": "no bools here"}]},
    "only_decodes": {**DECLARED, "operations": ["decode"]},
}


def read() -> dict[str, Any]:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        sys.exit(0)
    command: dict[str, Any] = json.loads(sys.stdin.buffer.read(struct.unpack(">I", head)[0]))
    return command


def packed(answer: Any) -> bytes:
    text = json.dumps(answer).encode()
    return struct.pack(">I", len(text)) + text


def note(pid: int) -> None:
    with Path(sys.argv[2]).open("a") as file:
        file.write(f"{pid}\n")


def write(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def answer(command: dict[str, Any]) -> dict[str, Any]:
    if command["do"] == "start":
        return DECLARATIONS.get(HOW, DECLARED)
    if HOW == "lies_about_operations" and command["op"] == "encode":
        return {"unsupported": "not today"}
    if command["op"] == "decode":
        return {"value": KNOWN.get(command["bytes"], {"none": ""})}
    hexes = [data for data, value in KNOWN.items() if value == command["value"]]
    return {"bytes": hexes[0]} if hexes else {"unsupported": "never heard of it"}


def misbehave(good: bytes, command: dict[str, Any]) -> None:
    """Everything that a testee should not do; `good` is what it should have said."""
    match HOW:
        case "crashes":
            print("on the edge", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exits_early":
            os._exit(0)
        case "raises":
            raise RuntimeError("it cannot go on")
        case "hangs" | "hangs_always":
            time.sleep(600)
        case "hangs_with_a_child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            note(child.pid)
            child.wait()
        case "leaves_its_stdout_open":
            subprocess.Popen(["sleep", "3"], start_new_session=True)
            os._exit(4)
        case "leaves_a_flood":
            flood = "while True: print('z' * 9999, file=__import__('sys').stderr)"
            subprocess.Popen([sys.executable, "-c", flood], start_new_session=True)
            time.sleep(0.2)
            os._exit(5)
        case "closes_its_stdout":
            OUT.close()
            os.close(1)
            time.sleep(600)
        case "forgets_to_flush":
            OUT.write(good)
        case "answers_half":
            write(good[:-3])
        case "answers_twice":
            write(good + good)
        case "answers_again_later":
            write(good)
            time.sleep(0.2)
            write(good)
        case "answers_something_else":
            write(packed({"n": command["n"], "hello": "there"}))
        case "answers_no_object":
            write(packed([1, 2]))
        case "answers_with_another_number":
            write(packed({"n": 0, "value": {"none": ""}}))
        case "answers_no_json":
            write(struct.pack(">I", 5) + b"\xff\xfe{}!")
        case "answers_too_deep":
            text = b"[" * 100_000
            write(struct.pack(">I", len(text)) + text)
        case "prints":
            write(b"debug: bool-true\n")
        case "answers_too_much":
            write(struct.pack(">I", 2**32 - 1))
            while True:
                write(bytes(65536))
        case "answers_a_wrong_value":
            print("sorry", file=sys.stderr, flush=True)
            write(packed({"n": command["n"], "value": {"bool": "false"}, "bytes": "00"}))
        case "floods_stderr":
            for _ in range(200):
                sys.stderr.write("x" * 50_000 + "\n")
            write(good)
        case "floods_stderr_for_ever":
            while True:
                sys.stderr.write("y" * 50_000 + "\n")
        case _:
            write(good)


if HOW == "does_not_start":
    sys.exit("no such library: libgd.so")
if len(sys.argv) > 2:
    note(os.getpid())
while True:
    asked = read()
    if asked["do"] == "stop" and HOW == "ignores_stop":
        time.sleep(600)
    if asked["do"] == "stop":
        sys.exit(3 if HOW == "ends_badly" else 0)
    reply = packed({**answer(asked), "n": asked["n"]})
    if HOW == "hangs_at_the_start":
        time.sleep(600)
    elif HOW == "stops_reading" and asked["do"] == "start":
        write(reply)
        time.sleep(600)
    elif asked.get("id") == "bool-true" or (HOW == "hangs_always" and asked["do"] == "run"):
        misbehave(reply, asked)
    else:
        write(reply)
