"""What importing costs: the client's modules and no others, and no code to compile."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
from typing import Any

import pytest

import dirty_runtime
from benchmarks.importing import BASE, OURS, PROGRAMS, bytecode, cpu_s
from dirty_runtime.cli import HOMES

CLIENT = {
    "dirty_runtime",
    "dirty_runtime.client",
    "dirty_runtime.client.answers",
    "dirty_runtime.client.base",
    "dirty_runtime.client.calls",
    "dirty_runtime.client.current",
    "dirty_runtime.client.faces",
    "dirty_runtime.client.large",
    "dirty_runtime.client.on_loops",
    "dirty_runtime.client.sync",
    "dirty_runtime.client.tracing",
    "dirty_runtime.errors",
    "dirty_runtime.hints",
    "dirty_runtime.printable",
    "dirty_runtime.seconds",
    "dirty_runtime.socket_path",
    "dirty_runtime.sockets",
    "dirty_runtime.sockets.own",
    "dirty_runtime.sockets.passing",
    "dirty_runtime.sockets.round_trip",
    "dirty_runtime.sockets.transfer",
    "dirty_runtime.tracing",
}
CODEC = {
    "gdproto",
    "gdproto._generated",
    "gdproto._generated.messages",
    "gdproto._generated.tables",
    "gdproto._generated.values",
    "gdproto.connection",
    "gdproto.doubtful",
    "gdproto.encoded",
    "gdproto.errors",
    "gdproto.events",
    "gdproto.fast",
    "gdproto.fields",
    "gdproto.frames",
    "gdproto.implementation",
    "gdproto.items",
    "gdproto.messages",
    "gdproto.pieces",
    "gdproto.records",
    "gdproto.routing",
    "gdproto.rows",
    "gdproto.stepping",
    "gdproto.strict",
    "gdproto.tlv",
    "gdproto.tokens",
}
# Where they were built.
COMPILED = {"dirty_runtime.sockets._round_trip", "gdproto._codec"}
# Of Python, beside what asyncio and socket load: copy, dataclasses and mmap in 3.11.
MOST_OF_PYTHON = 6

PROBE = """
import {beside}, json, sys
before, compiled = set(sys.modules), []
sys.addaudithook(lambda event, given: event == "compile" and compiled.append(given[1]))
{program}
print(json.dumps([sorted(set(sys.modules) - before), compiled.count("<string>")]))
"""
# A NamedTuple is made of code that is compiled for it, and so is each annotation of it that is
# text; a dataclass compiles every method that it writes. It was 139 where dataclass wrote them, and
# is 31, from Python 3.13 on 40.
MOST_COMPILED = 45
# The bar is 1.3, and the benchmark tells the true figure: this is for what cannot be the machine.
MOST_TIMES_AS_LONG = 1.6
ROUNDS = 7


def loaded(program: str, beside: str = "asyncio, socket", **variables: str) -> tuple[set[str], int]:
    """The modules that it loads, and how often it compiles something that is no file.

    Args:
        beside: what is loaded before.
    """
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(program=program, beside=beside)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    modules, compiled = json.loads(result.stdout)
    return set(modules), compiled


@pytest.mark.parametrize("pure", ["0", "1"], ids=["C", "Python"])
def test_the_client_loads_itself_and_the_codec(pure: str) -> None:
    modules, compiled = loaded(PROGRAMS[OURS], GDPROTO_PURE=pure)
    ours = {name for name in modules if name.split(".")[0] in ("dirty_runtime", "gdproto")}
    assert ours - COMPILED == CLIENT | CODEC
    rest = modules - ours
    assert {name.split(".")[0] for name in rest} <= sys.stdlib_module_names
    assert "importlib.metadata" not in rest
    assert len(rest) <= MOST_OF_PYTHON, rest
    assert compiled <= MOST_COMPILED


@pytest.mark.parametrize(
    "program",
    [
        f"{PROGRAMS[OURS]}; DirtyClient('s').close()",
        "from dirty_runtime import StashClient; StashClient('s').close()",
        "import dirty_runtime.cli.status",
    ],
)
def test_who_does_not_await_needs_no_asyncio(program: str) -> None:
    modules, _ = loaded(program, beside="os")
    assert not {"asyncio", "dirty_runtime.client.aio", "dirty_runtime.settings"} & modules


def test_a_command_loads_no_other() -> None:
    modules, _ = loaded("from dirty_runtime.cli import group; group.get_command(None, 'call')")
    homes = {f"dirty_runtime.cli{home}" for home in HOMES.values()}
    assert modules & homes == {"dirty_runtime.cli.calls"}


def test_the_client_takes_little_longer_than_what_it_needs() -> None:
    with bytecode() as environment:
        programs = [PROGRAMS[OURS], PROGRAMS[BASE]]
        for program in programs:
            cpu_s(program, environment)
        rounds = [[cpu_s(program, environment) for program in programs] for _ in range(ROUNDS)]
    # What others do on the machine adds to either, and takes from none.
    ours, base = map(min, zip(*rounds, strict=True))
    assert ours / base <= MOST_TIMES_AS_LONG


# --- the names ---

# The programs that a name may load, by its home.
PROGRAMS_OF = {
    ".app": set(),
    ".arbiter": {"arbiter"},
    ".client": {"client"},
    ".client.proxies": {"client"},
    ".client.stash": {"client"},
    ".batches": set(),
    ".converters": set(),
    ".errors": set(),
    ".worker.request": {"worker"},
}


def names_at(home: str) -> list[str]:
    return [name for name, place in dirty_runtime._HOMES.items() if place == home]


@pytest.mark.parametrize("home", PROGRAMS_OF)
def test_a_name_loads_no_other_program(home: str) -> None:
    modules, _ = loaded(f"from dirty_runtime import {', '.join(names_at(home))}")
    parts = {name.split(".")[1] for name in modules if name.startswith("dirty_runtime.")}
    assert parts & {"arbiter", "client", "worker", "cli", "gunicorn_compat"} == PROGRAMS_OF[home]
    assert not {name.split(".")[0] for name in modules} & {"click", "construct", "rich"}


def test_the_package_alone_loads_nothing() -> None:
    modules, _ = loaded("import dirty_runtime; dir(dirty_runtime)")
    assert {name for name in modules if name.startswith("dirty_runtime")} == {"dirty_runtime"}
    assert not any(name.startswith("gdproto") for name in modules)


def declared() -> dict[str, str]:
    """Names and their homes, as type checkers read them."""
    tree = ast.parse(inspect.getsource(dirty_runtime))
    (block,) = (
        one
        for one in tree.body
        if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"
    )
    return {
        name.name: f".{one.module or ''}"
        for one in block.body
        if isinstance(one, ast.ImportFrom)
        for name in one.names
    }


def test_every_list_of_the_names_is_the_same() -> None:
    assert set(dirty_runtime._HOMES.values()) == set(PROGRAMS_OF)
    # The one name that is a module.
    assert declared() == {"stash": ".", **dirty_runtime._HOMES}
    assert sorted(dirty_runtime.__all__) == sorted(declared())
    assert set(dirty_runtime.__all__) <= set(dir(dirty_runtime))


@pytest.mark.parametrize("name", dirty_runtime.__all__)
def test_a_name_is_what_its_home_has(name: str) -> None:
    found: Any = getattr(dirty_runtime, name)
    if name == "stash":
        assert found is importlib.import_module("dirty_runtime.stash")
    else:
        home = importlib.import_module(dirty_runtime._HOMES[name], "dirty_runtime")
        assert found is getattr(home, name)
        assert getattr(dirty_runtime, name) is found


def test_an_unknown_name_is_none() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DirtyNothing'"):
        dirty_runtime.DirtyNothing  # noqa: B018
