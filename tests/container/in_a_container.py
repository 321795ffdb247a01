"""The image and the pod of `deploy/`, built and run by podman: `make container`."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dirty_runtime import DirtyClient, DirtyError

from . import LIMIT_S, LONG_S, ROOT, bases, build, is_here, limits, make_base, podman, unmount

POD = "shop-dirty"
APP = "prices:Prices"
GUIDE = (ROOT / "docs" / "guides" / "deploy.md").read_text()
# What is called, beside the guide's app.
SLOW = """
import os, time
from dirty_runtime import DirtyApp

class Slow(DirtyApp):
    def wait(self, seconds):
        time.sleep(seconds)
        return "waited"

    def orphan(self):
        # Its parent ends first: whoever is process 1 gets it.
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.2)
            os._exit(0)
        return os.getpid()
"""
# An answer of the pod's, as it is seen in its network.
ASK = """
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError as error:
    print(0, error)
"""

pytestmark = [
    pytest.mark.timeout(3 * LONG_S),
    pytest.mark.skipif(not is_here(), reason="needs root, podman, runc, mmdebstrap and nsenter"),
]


def titled(title: str) -> str:
    """The file that the guide shows."""
    (text,) = re.findall(rf'^```\w+ title="{re.escape(title)}"\n(.*?)^```', GUIDE, re.M | re.S)
    return str(text)


def commands() -> list[list[str]]:
    """What the guide says to build images by."""
    return [shlex.split(line) for line in re.findall(r"^ {4}(podman build .*)$", GUIDE, re.M)]


def spec() -> dict[str, Any]:
    text = (ROOT / "deploy" / "kubernetes" / "dirty.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    (found,) = (one for one in spec()["containers"] if one["name"] == "dirty")
    return dict(found)


def until(is_so: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    until_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < until_s, f"{what}\n{logs()}"
        time.sleep(0.1)


def logs() -> str:
    return podman("logs", POD, check=False)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The image with the guide's app, and one more, built by the commands of the guide."""
    try:
        yield _built()
    finally:
        unmount()


def _built() -> str:
    for name, packages in bases().items():
        make_base(name, packages)
    ours, theirs = commands()
    build(ours)
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        (directory / "Containerfile").write_text(titled("Containerfile"))
        (directory / "prices.py").write_text(titled("prices.py") + SLOW)
        config = titled("dirty.conf.py").replace(f'["{APP}"]', f'["{APP}", "prices:Slow"]')
        (directory / "dirty.conf.py").write_text(config)
        build([*theirs[:-1], "--file", str(directory / "Containerfile"), "."], directory)
    return theirs[theirs.index("--tag") + 1]


class Pod:
    """The container, and what looks after it."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "calls")
        self.told = container()
        self.pid = int(self.show("{{.State.Pid}}"))

    def show(self, what: str) -> str:
        return podman("inspect", POD, "--format", what).strip()

    def probe(self, name: str) -> str:
        """What a probe of the manifest gets."""
        asked = self.told[f"{name}Probe"]["httpGet"]
        (port,) = (p["containerPort"] for p in self.told["ports"] if p["name"] == asked["port"])
        url = f"http://127.0.0.1:{port}{asked['path']}"
        words = ["nsenter", "--target", str(self.pid), "--net", sys.executable, "-c", ASK, url]
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
        return done.stdout.strip()

    def inside(self, *words: str) -> str:
        return podman("exec", POD, *words, check=False).strip()

    def processes(self) -> dict[int, str]:
        """The states of those in the container, by their numbers there."""
        found = {}
        for place in self.inside("sh", "-c", "cat /proc/[0-9]*/stat").splitlines():
            head, _, rest = place.rpartition(") ")
            if head:
                found[int(head.split()[0])] = rest.split()[0]
        return found


def options(directory: Path) -> list[str]:
    """What the manifest asks of whoever runs the container."""
    pod, told = spec()["securityContext"], container()
    own, memory = told["securityContext"], told["resources"]["limits"]["memory"]
    assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    words = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all"]
    words += ["--security-opt=no-new-privileges", f"--user={pod['runAsUser']}"]
    words += [f"--group-add={pod['fsGroup']}", f"--memory={memory.removesuffix('i').lower()}"]
    for mount in told["volumeMounts"]:
        place = directory if mount["name"] == "socket" else directory / mount["name"]
        place.mkdir(exist_ok=True)
        # As volumes with a fsGroup are.
        place.chmod(0o2770)
        subprocess.run(["chown", f"0:{pod['fsGroup']}", str(place)], check=True)
        words.append(f"--volume={place}:{mount['mountPath']}")
    return words


@pytest.fixture(scope="module")
def pod(image: str) -> Iterator[Pod]:
    """It runs, and has been ready."""
    podman("rm", "--force", "--ignore", POD)
    with tempfile.TemporaryDirectory(prefix="gd-") as made:
        directory = Path(made)
        Path(made).chmod(0o755)
        words = ["--detach", "--name", POD, "--network=none", "--log-driver=k8s-file", *limits()]
        podman("run", *words, *options(directory), image, *container()["args"])
        try:
            pod = Pod(directory)
            until(lambda: pod.probe("startup").startswith("200"), "it never was ready")
            yield pod
        finally:
            podman("rm", "--force", "--ignore", "--time", "1", POD, check=False)


def test_the_image_says_how_it_is_run(image: str) -> None:
    (found,) = json.loads(podman("image", "inspect", image))
    config = found["Config"]
    assert (config["Entrypoint"], config["User"]) == (["dirty", "serve"], "10001")
    assert config["Cmd"] == container()["args"][: len(config["Cmd"])]
    assert (config["StopSignal"], config["WorkingDir"]) in {("SIGTERM", "/apps"), ("15", "/apps")}
    # Podman leaves it out, unless the guide's command tells it not to.
    assert (found.get("Healthcheck") or config["Healthcheck"])["Test"][:3] == [
        "CMD",
        "dirty",
        "status",
    ]


def test_the_probes_are_answered_and_its_limits_hold(pod: Pod) -> None:
    for name in ("startup", "liveness", "readiness"):
        assert pod.probe(name).startswith("200"), name
    assert podman("healthcheck", "run", POD) == ""
    told = Path(f"/proc/{pod.pid}/status").read_text()
    facts = dict(re.findall(r"^(\w+):\s*(.*)$", told, re.M))
    assert facts["Uid"].split() == [str(spec()["securityContext"]["runAsUser"])] * 4
    assert (int(facts["CapBnd"], 16), facts["NoNewPrivs"], facts["Seccomp"]) == (0, "1", "2")
    assert facts["NSpid"].split()[-1] == "1"
    assert "Read-only file system" in pod.inside("touch", "/apps/new")
    assert pod.inside("sh", "-c", "touch /tmp/new && echo made") == "made"
    with DirtyClient(pod.socket, LIMIT_S) as client:
        assert client.status()["arbiter_pid"] == 1


def test_a_neighbour_calls_by_the_volume(pod: Pod, image: str) -> None:
    user = spec()["securityContext"]["runAsUser"]
    words = [
        "--rm",
        "--no-healthcheck",
        "--network=none",
        "--entrypoint=dirty",
        f"--user={user}",
        *limits(),
    ]
    words += [f"--volume={Path(pod.socket).parent}:/run/dirty"]
    assert podman("run", *words, image, "call", APP, "price", '"tea"').strip() == "3"


def test_as_process_1_it_takes_in_what_dies(pod: Pod) -> None:
    with DirtyClient(pod.socket, LIMIT_S) as client:
        workers = {client.execute("prices:Slow", "orphan") for _ in range(4)}
    # One that comes to it from outside, too.
    pod.inside("sh", "-c", "(sleep 0.1 &)")
    for pid in workers:
        pod.inside("sh", "-c", f"kill -KILL {pid}")
    with DirtyClient(pod.socket, LIMIT_S) as client:
        client.wait_ready(LIMIT_S)
    until(lambda: "Z" not in pod.processes().values(), "zombies are left")
    done = podman("exec", POD, "dirty", "upgrade", "--wait", "20", check=False)
    assert "it is process 1" in done


def test_a_reload_fails_no_call(pod: Pod) -> None:
    failed, over = [], threading.Event()

    def call() -> None:
        with DirtyClient(pod.socket, LIMIT_S) as client:
            while not over.is_set():
                try:
                    assert client.execute(APP, "price", "tea") == 3
                except DirtyError as error:
                    failed.append(str(error))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for one in callers:
        one.start()
    try:
        podman("kill", "--signal", "HUP", POD)
        until(lambda: "workers run the new code" in logs(), "the reload never ended")
    finally:
        over.set()
        for one in callers:
            one.join()
    assert failed == []


# The last: it ends the pod.
def test_its_end_lets_calls_end(pod: Pod) -> None:
    grace_s = spec()["terminationGracePeriodSeconds"]
    begun_s = time.monotonic()
    answers: list[Any] = []
    calls = threading.Thread(
        target=lambda: answers.append(
            DirtyClient(pod.socket, LIMIT_S).execute("prices:Slow", "wait", 12)
        )
    )
    calls.start()
    # Before its end it serves on, for as long as anybody may still be routed to it.
    (hook,) = pod.told["lifecycle"].values()
    podman("exec", POD, *hook["exec"]["command"])
    assert pod.probe("readiness").startswith("200")
    podman("kill", "--signal", pod.show("{{.Config.StopSignal}}"), POD)
    until(lambda: pod.probe("readiness").startswith("503"), "it is still ready")
    assert pod.probe("liveness").startswith("200")
    left_s = grace_s - (time.monotonic() - begun_s)
    until(lambda: pod.show("{{.State.Status}}") == "exited", "it does not end", left_s)
    calls.join()
    assert answers == ["waited"]
    assert pod.show("{{.State.ExitCode}}") == "0"
    assert "stopped" in logs().splitlines()[-1]
    assert not Path(pod.socket).exists()
