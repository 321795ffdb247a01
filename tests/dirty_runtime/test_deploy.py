"""What stands in `deploy/`: it is read by those whom it is for, and its commands are run."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dirty_runtime import DirtyClient
from dirty_runtime.settings import Config
from dirty_runtime.testing import started
from dirty_runtime.testing.processes import ending

from .processes import CHANGING, LIMIT_S, ROOT, wait_until
from .test_metrics import get

DEPLOY = ROOT / "deploy"
UNITS = ("dirty.service", "dirty.socket")
APP = "changing:Changing"
DIRTY = str(Path(sys.executable).with_name("dirty"))
# What a worker has beside the time to close.
LEAVE_S = 4


def unit(name: str) -> dict[str, str]:
    """The settings of the unit, of which each is given once."""
    lines = (DEPLOY / "systemd" / name).read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def time_to_end_s(words: Sequence[str] = ()) -> float:
    """What the arbiter that these words start may take to end."""
    given = dict(itertools.pairwise(words))
    default = Config.__dataclass_fields__
    return LEAVE_S + sum(
        float(given.get(f"--{name}-timeout", default[f"{name}_timeout_s"].default))
        for name in ("graceful", "close")
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A place with the config file and the app that it names."""
    (tmp_path / "changing.py").write_text(CHANGING.read_text())
    (tmp_path / "dirty.conf.py").write_text(f"dirty_apps = ['{APP}']\ndirty_workers = 1\n")
    return tmp_path


def here(words: str | Sequence[str], directory: Path, socket_path: str) -> list[str]:
    """The command of a file in `deploy/`, with the places of this machine."""
    places = {
        "/opt/dirty/bin/dirty": DIRTY,
        "dirty": DIRTY,
        "/run/dirty/calls": socket_path,
        "/etc/dirty/dirty.conf.py": str(directory / "dirty.conf.py"),
        "/apps/dirty.conf.py": str(directory / "dirty.conf.py"),
    }
    found = shlex.split(words) if isinstance(words, str) else words
    return [places.get(word, word) for word in found]


# --- systemd ---


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs the package systemd")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/dirty/bin/dirty", DIRTY))

    def said() -> str:
        words = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        lines = (done.stdout + done.stderr).splitlines()
        # Those of the machine are others'.
        return "\n".join(line for line in lines if "dirty" in line)

    assert said() == ""
    # It would be told.
    (tmp_path / "dirty.service").write_text("[Service]\nKillMood=mixed\nExecStart=/no/such\n")
    assert "KillMood" in said()


def test_the_units_leave_the_arbiter_its_time() -> None:
    service = unit("dirty.service")
    words = shlex.split(service["ExecStart"])
    assert float(service["TimeoutStopSec"]) > time_to_end_s(words)
    boot_s = Config.__dataclass_fields__["boot_timeout_s"].default
    assert float(service["TimeoutStartSec"]) > boot_s
    assert (service["Type"], service["KillMode"]) == ("notify", "mixed")
    most = Config.__dataclass_fields__["max_clients"].default
    assert int(service["LimitNOFILE"]) > 2 * most
    assert unit("dirty.socket")["ListenStream"] == words[words.index("--socket") + 1]


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="needs the package systemd")
def test_the_service_is_started_at_the_socket_of_systemd_and_reloaded(directory: Path) -> None:
    path, service = str(directory / "calls"), unit("dirty.service")
    words = here(service["ExecStart"], directory, path)
    activate = ["systemd-socket-activate", "--listen", path, "--fdname", "dirty"]
    keep = [f"--setenv={name}" for name in ("PATH", "PYTHONPATH") if name in os.environ]
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*activate, *keep, *words],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with ending(process):
        wait_until(lambda: "Listening on" in log.read_text(), log.read_text)
        # It is started by who comes first, who waits.
        with DirtyClient(path, LIMIT_S) as client:
            worker = client.execute(APP, "pid")
            reload = here(service["ExecReload"], directory, path)
            subprocess.run(reload, check=True, timeout=LIMIT_S)
            assert client.execute(APP, "pid") != worker
        process.terminate()
        assert process.wait(LIMIT_S) == 0
        assert Path(path).exists()


# --- containers ---


def instructions() -> dict[str, str]:
    """The last of each instruction of the Containerfile."""
    text = (DEPLOY / "Containerfile").read_text()
    return dict(re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE))


def containers() -> dict[str, Any]:
    deployment = yaml.safe_load((DEPLOY / "kubernetes" / "dirty.yaml").read_text())
    assert (deployment["apiVersion"], deployment["kind"]) == ("apps/v1", "Deployment")
    return {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}


def test_what_looks_after_a_container_is_answered(directory: Path) -> None:
    pod, image = containers()["dirty"], instructions()
    metrics = directory / "metrics"
    assert f"0.0.0.0:{pod['ports'][0]['containerPort']}" in pod["args"]
    path = str(directory / "calls")
    words = here([*json.loads(image["ENTRYPOINT"]), *pod["args"]], directory, path)
    words = [word.replace("0.0.0.0:9464", str(metrics)) for word in words]
    # A pod's arguments stand in the place of the image's, of which they have the first.
    assert pod["args"][: len(json.loads(image["CMD"]))] == json.loads(image["CMD"])
    health = here(json.loads(image["HEALTHCHECK"].partition(" CMD ")[2]), directory, path)
    told = {"DIRTY_SOCKET": path}
    with started(words, path, directory=directory) as arbiter:
        arbiter.wait_ready()
        wait_until(metrics.exists)
        for name in ("startup", "liveness", "readiness"):
            probe = pod[f"{name}Probe"]["httpGet"]
            assert probe["port"] == pod["ports"][0]["name"]
            assert get(metrics, probe["path"])[0] == 200
        assert subprocess.run(health, env={**os.environ, **told}, timeout=LIMIT_S).returncode == 0
        assert arbiter.stop() == 0
        assert subprocess.run(health, env={**os.environ, **told}, timeout=LIMIT_S).returncode != 0


def test_the_pod_has_its_time_and_its_memory() -> None:
    text = (DEPLOY / "kubernetes" / "dirty.yaml").read_text()
    grace_s = yaml.safe_load(text)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    pod = containers()["dirty"]
    sleep, wait_s = pod["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert grace_s > float(wait_s) + time_to_end_s(pod["args"])
    most = int(pod["args"][pod["args"].index("--max-rss-bytes") + 1])
    limit = int(pod["resources"]["limits"]["memory"].removesuffix("Gi")) * 2**30
    assert limit > most * Config.__dataclass_fields__["workers"].default
    # Both find the socket.
    mounts = [one["volumeMounts"][0]["mountPath"] for one in containers().values()]
    assert mounts == [str(Path(pod["args"][pod["args"].index("--socket") + 1]).parent)] * 2


@pytest.mark.parametrize("name", UNITS)
def test_the_guide_shows_the_units_as_they_are(name: str) -> None:
    page = (ROOT / "docs" / "guides" / "deploy.md").read_text()
    assert f'```ini title="{name}"\n{(DEPLOY / "systemd" / name).read_text()}```\n' in page
