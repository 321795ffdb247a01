"""``dirty serve``.

Rules: the arbiter is loaded when it is to serve, so that the other commands start sooner.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import click
from click.core import ParameterSource

from ..directory import absolute, change_directory, current_directory
from ..gunicorn_file import left
from ..printable import printable
from ..settings import (
    AT_START,
    PATHS,
    Config,
    ConfigError,
    check_directory,
    label_of,
    load_config,
    placed,
    placed_tables,
    run_file,
    simple_settings,
    unknown_variables,
    variable_name,
    without_password,
)
from .options import Setting, socket_option, variable_of

log = logging.getLogger("dirty")


def _takes_settings(command: Any) -> Any:
    """The simple settings of Config as options, each also as a variable."""
    for one in reversed(simple_settings()):
        word = f"--{label_of(one.name)}"
        is_switch = isinstance(one.default, bool)
        declaration = f"{word}/--no-{word[2:]}" if is_switch else word
        shown = "" if one.default == "" else f"  [default: {str(one.default).lower()}]"
        shown += "  [not by a reload]" if one.name in AT_START else ""
        command = click.option(
            declaration,
            one.name,
            cls=Setting,
            default=None,
            type=type(one.default),
            envvar=variable_name(one.name),
            help=one.metadata["help"] + shown,
        )(command)
    return command


@click.command()
@click.option(
    "--app", "apps", multiple=True, metavar="MODULE:CLASS[:N][@NAME]", help="An app to serve."
)
@click.option(
    "--launcher",
    "launchers",
    multiple=True,
    metavar="NAME[=COMMAND]",
    help="A command that starts the workers of apps given as MODULE:CLASS@NAME; or what starts"
    " those of all other apps: ray, python, or such a NAME.",
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="NAME=ID,ID",
    help="Ids of a resource of which workers are given their own, as gpu=0,1,2,3.",
)
@click.option(
    "--stash-table",
    "stash_tables",
    multiple=True,
    metavar="PATTERN=PLACE",
    help="Where the stash tables are kept whose names match, as of --stash.",
)
@click.option(
    "--preload/--no-preload",
    "preload",
    default=None,
    envvar="DIRTY_PRELOAD",
    help="Load each app once, in a template that workers are forked from.  [default: as it says]",
)
@socket_option
@_takes_settings
@click.option("-c", "--config", "config_path", metavar="FILE", help="Settings, as Python.")
@click.option("--chdir", metavar="DIR", help="Where to find the apps.  [default: here]")
@click.option("--check-config", is_flag=True, help="Print what would run, and end.")
# Who started this has entered what its config file says by gunicorn's names, and heeds the rest; it
# says what its own processes are called, of which its command line comes first.
@click.option("--under-gunicorn", metavar="NAME", hidden=True)
def serve(
    config_path: str | None,
    chdir: str | None,
    check_config: bool,
    under_gunicorn: str | None,
    **overrides: Any,
) -> None:
    """Start an arbiter and its workers, and serve until TERM."""
    from ..arbiter import inherited, logs
    from ..arbiter.service import Service
    from ..arbiter.several.branch import Branch
    from ..arbiter.succession import Start

    inherited.set_right()
    branch = Branch.inherited()
    service = Service.taken(os.environ)
    start = Start.of_this(current_directory(), service.environment) if _is_here() else None
    logs.LOG.take_errors()
    try:
        words = overrides["launchers"]
        overrides["launcher"] = next((word for word in reversed(words) if "=" not in word), None)
        overrides["launchers"] = _launchers(word for word in words if "=" in word)
        overrides["resources"] = _resources(overrides["resources"])
        overrides["stash_tables"] = _stash_tables(overrides["stash_tables"])
        config_path = _placed(config_path, overrides)
        file, path = config_path or "", service.path
        found = run_file(file) if file else {}
        base = os.getcwd() if _is_here() else ""
        surroundings = _surroundings(file, found, base)
        told = _surrounded(surroundings, chdir, overrides, under_gunicorn)
        if under_gunicorn is None and (names := left(found)):
            told.append(f"gunicorn's own settings change nothing here: {', '.join(names)}")
        told = [f"config file {file}: {line}" for line in told if line]
        config = load_config(file, overrides, path, found)
        if branch is not None:
            config = branch.settings(config)

        def read() -> Config:
            now = run_file(file)
            for name in _surroundings(file, now, base).others(surroundings):
                log.warning("%s stays as it is, until another arbiter is started", name)
            new = load_config(file, overrides, path, now)
            return new if branch is None else branch.settings(new)

        if check_config:
            _show_config(config, told)
            return
        if start is not None and config.socket_path == path:
            start = start.at(path)
        _run(config, told, start, service, read if file else None, branch)
    except ConfigError as error:
        if branch is not None:
            branch.failed(str(error))
            raise SystemExit(1) from None
        line = f"{_origin(error.setting, config_path)}{error}"
        raise click.ClickException(printable(line)) from None


def _launchers(words: Iterable[str]) -> dict[str, str] | None:
    """The commands by their names; None where none is given."""
    found = {}
    for word in words:
        name, _, command = word.partition("=")
        found[name] = command
    return found or None


def _resources(words: Iterable[str]) -> dict[str, list[str]] | None:
    """The ids by their resources; None where none is given. Raises ConfigError."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, ids = word.partition("=")
        if not equals or not ids:
            raise ConfigError(f"resource {word!r} is not of the form NAME=ID,ID", "resources")
        found.setdefault(name, []).extend(ids.split(","))
    return found or None


def _stash_tables(words: Iterable[str]) -> dict[str, str] | None:
    """The places by their patterns; None where none is given. Raises ConfigError."""
    found = {}
    for word in words:
        # A place may have an equals sign, a pattern in front of one has none.
        pattern, equals, place = word.partition("=")
        if not equals or not pattern:
            reason = f"stash-table {word!r} is not of the form PATTERN=PLACE"
            raise ConfigError(reason, "stash_tables")
        found[pattern] = place
    return found or None


def _is_here() -> bool:
    """Whether the directory that we are in is there still."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _run(
    config: Config,
    told: Iterable[str],
    start: Any,
    service: Any,
    read: Callable[[], Config] | None,
    branch: Any,
) -> None:
    """Serve until a signal ends it. Raises ConfigError."""
    from ..arbiter import DirtyArbiter, StartError, signals

    signals.hold()
    _set_up_logs(config)
    # What is told of all is told once.
    for line in () if branch is not None else (*told, *unknown_variables(os.environ)):
        log.warning(line)
    try:
        if config.arbiters > 1:
            if start is None:
                raise ConfigError("arbiters: the directory that this was started in is gone")
            from ..arbiter.several.head import Head

            Head(config, start, service, read).run()
            return
        arbiter = DirtyArbiter(config, start=start, service=service, read=read, branch=branch)
        arbiter.run(owns_process=True)
    except StartError as error:
        if branch is not None:
            branch.failed(str(error))
            raise SystemExit(1) from None
        raise click.ClickException(printable(str(error))) from None


def _origin(setting: str, config_path: str | None) -> str:
    """Where a setting came from that cannot be used, for the head of a line."""
    ctx = click.get_current_context()
    if variable := variable_of(ctx, setting):
        return f"{variable}: "
    is_given = ctx.get_parameter_source(setting) is ParameterSource.COMMANDLINE
    # A default can always be used.
    return f"config file {config_path}: " if setting and config_path and not is_given else ""


def _placed(config_path: str | None, overrides: dict[str, Any]) -> str | None:
    """Make paths absolute, as those of where we are. Raises ConfigError."""
    try:
        for name in PATHS:
            if overrides[name]:
                overrides[name] = placed(name, overrides[name])
        overrides["stash_tables"] = placed_tables(overrides["stash_tables"])
        return config_path and absolute(config_path)
    except OSError as error:
        raise ConfigError(f"directory .: {error.strerror}") from None


def _surroundings(file: str, found: Mapping[str, Any], base: str) -> Any:
    """What the file says of them, its paths those of `base`. Raises ConfigError."""
    from ..arbiter.surroundings import Surroundings, SurroundingsError

    try:
        return Surroundings.of(found, base)
    except SurroundingsError as error:
        raise ConfigError(f"config file {file}: {error}") from None


def _surrounded(
    surroundings: Any, chdir: str | None, overrides: dict[str, Any], under_gunicorn: str | None
) -> list[str]:
    """Be in them, as far as this process is not, and where the apps are.

    Args:
        under_gunicorn: what gunicorn calls its processes, whose master is in them; None where
            there is none.

    Returns:
        A line about what could not be.

    Raises:
        ConfigError: the directory cannot be entered.
    """
    chdir = chdir or surroundings.directory
    try:
        overrides["directory"] = change_directory(chdir) if chdir else current_directory()
    except OSError as error:
        raise ConfigError(f"directory {chdir or '.'}: {error.strerror}") from None
    if under_gunicorn is not None:
        replace(surroundings, name=under_gunicorn or surroundings.name).take_name()
        return []
    return [surroundings.enter()]


def _set_up_logs(config: Config) -> None:
    from ..arbiter import logs

    try:
        logs.LOG.set_up(config.log_file, config.log_json)
    except OSError as error:
        reason = f"log-file {config.log_file}: {error.strerror}"
        raise ConfigError(reason, "log_file") from None


def _show_config(config: Config, told: Sequence[str]) -> None:
    """Print the settings, and which worker would load which apps. Raises ConfigError.

    Args:
        told: lines about the settings.
    """
    from ..arbiter.clients.access import Access
    from ..arbiter.clients.socket_file import check_socket
    from ..arbiter.policy.allocation import shortages
    from ..arbiter.policy.catalogue import Catalogue
    from ..arbiter.policy.division import Share, check_asked
    from ..arbiter.system import check_cpus
    from ..arbiter.workers.launch import looked_at

    Access.of(config)
    check_cpus(config.cpu_affinity)
    check_socket(config.socket_path)
    for name in ("pidfile", "log_file", "metrics"):
        if "/" in getattr(config, name):
            check_directory(name, getattr(config, name))
    catalogue = Catalogue.of(config)
    for path, facts in asyncio.run(looked_at(config, catalogue)).items():
        catalogue.learn(path, facts)
    shares = [Share(index, config.arbiters) for index in range(config.arbiters)]
    check_asked({spec.path: spec.workers for spec in catalogue.specs}, shares[0])
    short = shortages(catalogue.specs, config.workers)
    for line in (*told, *unknown_variables(os.environ), *short):
        click.echo(printable(line), err=True)
    for slot, line in sorted(chain(*map(partial(_slots_of, config, catalogue), shares))):
        click.echo(f"worker {slot}: {line}")
    for line in _settings_of(config):
        click.echo(printable(line))


def _slots_of(config: Config, catalogue: Any, share: Any) -> Iterator[tuple[int, str]]:
    """What each worker of one of the arbiters would load, by its slot. Raises ConfigError."""
    from ..arbiter.policy.allocation import allocate
    from ..arbiter.policy.catalogue import Catalogue
    from ..arbiter.policy.division import divided
    from ..arbiter.policy.resources import Resources

    config = divided(config, share)
    known = Catalogue.of(config, share)
    for path, facts in catalogue.facts.items():
        known.learn(path, facts)
    homes, resources = allocate(known.specs, config.workers), Resources(config.resources)
    resources.allot(homes, known.needs)
    for place, paths in homes.items():
        given = "".join(f", {name} {' '.join(ids)}" for name, ids in resources.of(place).items())
        yield share.number(place), f"{', '.join(paths) or 'no app'}{given}"


def _settings_of(config: Config) -> Iterator[str]:
    """A line for each setting."""
    yield f"config: {config.config_path}"
    yield f"socket: {config.socket_path}"
    for one in simple_settings():
        value = getattr(config, one.name)
        yield f"{label_of(one.name)}: {without_password(value) if one.name == 'stash' else value}"
    yield f"launcher: {config.launcher}"
    for name, command in config.launchers.items():
        yield f"launcher {name}: {command}"
    for pattern, place in config.stash_tables.items():
        yield f"stash-table {pattern}: {without_password(place)}"
    for name, ids in config.resources.items():
        yield f"resource {name}: {','.join(ids)}"
    for path, needs in config.app_resources.items():
        yield f"app-resources {path}: {needs}"
    for path, limit_s in config.app_max_run.items():
        yield f"app-max-run {path}: {limit_s}"
    yield f"slot-env: {' '.join(f'{name}={text}' for name, text in config.slot_env.items())}"
    yield f"preload: {'as apps say' if config.preload is None else config.preload}"
    yield f"hooks: {', '.join(config.hooks)}"
