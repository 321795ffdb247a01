"""The image of `deploy/`, built by podman and run as the manifest of Kubernetes has it.

Rules: no registry of images is asked. What the image is FROM is made of Debian's packages: its
Python, and for the first stage a compiler. What podman keeps is below `build/`, for the next time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "container"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
LIMIT_S = 60.0
# Making a Debian, or an image, on a machine that others use, too.
LONG_S = 600.0
# Which release of Debian has which Python.
SUITES = {"3.13": "trixie"}
PYTHON = ("python3", "python3-venv", "python-is-python3", "ca-certificates")
COMPILER = ("python3-dev", "gcc", "libc6-dev")
# What pip here is told by variables, and an image's is to know, too.
OF_PIP = ("cert", "index-url", "extra-index-url", "proxy", "timeout")
CERTIFICATES = Path("/etc/ssl/certs")


def podman(*words: str, limit_s: float = LIMIT_S, check: bool = True) -> str:
    """What podman says on both its outputs. Raises AssertionError where it fails, if checked."""
    own = (f"--root={PLACE / 'store'}", f"--runroot={PLACE / 'run'}", "--events-backend=none")
    how = ("--cgroup-manager=cgroupfs", "--runtime=runc")
    PLACE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["podman", *own, *how, *words], capture_output=True, text=True, timeout=limit_s
    )
    assert not check or done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
    return done.stdout + done.stderr


def is_here() -> bool:
    """Whether what is needed is installed, and this user may."""
    return os.getuid() == 0 and all(map(shutil.which, ("podman", "runc", "mmdebstrap", "nsenter")))


def unmount() -> None:
    """Unmount what podman leaves mounted, and what it could not, as where it was killed."""
    mounts = [line.split(" ")[1] for line in Path("/proc/mounts").read_text().splitlines()]
    left = [place for place in mounts if place.startswith(f"{PLACE}{os.sep}")]
    if left:
        # Those below others came later.
        subprocess.run(["umount", *reversed(left)], check=True, timeout=LIMIT_S)


def bases() -> dict[str, tuple[str, ...]]:
    """The images that ours is FROM, with the packages that each is to have."""
    names = re.findall(r"^FROM (\S+)", CONTAINERFILE.read_text(), re.MULTILINE)
    return {name: PYTHON if "slim" in name else PYTHON + COMPILER for name in names}


def make_base(name: str, packages: tuple[str, ...]) -> None:
    """Have an image of that name, made of packages, unless there is one."""
    if podman("images", "--quiet", name):
        return
    version = re.findall(r":([0-9.]+)", name)[0]
    tree = PLACE / "tree.tar"
    done = subprocess.run(
        [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            SUITES[version],
            str(tree),
        ],
        capture_output=True,
        text=True,
        timeout=LONG_S,
    )
    assert done.returncode == 0, done.stderr
    podman("import", str(tree), name, limit_s=LONG_S)
    tree.unlink()
    said = podman("run", "--rm", *limits(), "--network", "none", name, "python", "--version")
    assert version in said, said


def limits() -> list[str]:
    """Some that may be given everywhere: podman's own may be more than this process has."""
    return ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"]


def build(words: list[str], directory: Path = ROOT) -> str:
    """Run a command of the guide that builds an image, where pip finds what it finds here."""
    known = [(name, os.environ.get(f"PIP_{name.upper().replace('-', '_')}")) for name in OF_PIP]
    told = PLACE / "pip.conf"
    told.write_text("[global]\n" + "".join(f"{name} = {text}\n" for name, text in known if text))
    program, verb, *rest = words
    assert (program, verb) == ("podman", "build"), words
    here = [f"--volume={told}:/etc/pip.conf:ro", f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"]
    rest = [str(directory) if word == "." else word for word in rest]
    rest = [str(CONTAINERFILE) if word == "deploy/Containerfile" else word for word in rest]
    # There is no network of its own to be had everywhere.
    return podman("build", "--isolation=chroot", "--pull=never", *here, *rest, limit_s=LONG_S)
