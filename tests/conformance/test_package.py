"""The wheel carries the whole suite: it runs where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ..compiling import CAN_COMPILE, SUFFIX

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
FOLDERS = ("conformance", "dirty_runtime", "gdproto", "peers", "spec", "workshop")


def run(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    held = {**os.environ, **env}
    done = subprocess.run(words, cwd=cwd, env=held, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel of this checkout's sdist was installed, without what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    source, target = folder / "source", folder / "installed"
    source.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.so")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignore)
    for name in PARTS:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    settings = source / "pyproject.toml"
    # What is built is looked at, not run for long.
    settings.write_text(settings.read_text().replace('"-O2"', '"-O0"'))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    build = "import setuptools.build_meta as build; build.build_sdist('..')"
    run(sys.executable, "-c", build, cwd=source)
    (sdist,) = folder.glob("*.tar.gz")
    built = ("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(sdist))
    run(*pip, *built, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    run(
        *pip,
        "install",
        "--no-compile",
        "--no-deps",
        "--target",
        str(target),
        str(wheel),
        cwd=folder,
    )
    return target


@pytest.mark.timeout(400)
def test_the_wheel_carries_everything_that_the_suite_reads(installed: Path) -> None:
    suite, ours = installed / "gdproto" / "conformance", ROOT / "conformance"
    for pattern in ("contract.md", "known/*.toml", "vectors/**/*.json", "**/*.j2", "**/*.py"):
        wanted = {path.relative_to(ours) for path in ours.glob(pattern)}
        assert wanted
        assert {path.relative_to(suite) for path in suite.glob(pattern)} == wanted
    assert sorted((installed / "gdproto" / "spec" / "text").glob("*.md"))


@pytest.mark.skipif(not CAN_COMPILE, reason="there is no compiler")
def test_each_module_in_c_is_built_from_the_sdist(installed: Path) -> None:
    """They are optional: what the sdist lacks would be missed by nobody."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for module in settings["tool"]["setuptools"]["ext-modules"]:
        assert (installed / (module["name"].replace(".", "/") + SUFFIX)).exists(), module["name"]


def test_the_wheel_carries_nothing_of_the_workshop(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert names - {"bin"} == {"dirty_runtime", "gdproto"}
    shipped = {path.stem for path in installed.rglob("*.py")}
    assert not shipped & {"making", "obligations", "proofs", "mutants", "subjects"}


def test_the_suite_runs_from_the_wheel_without_the_compiler(
    installed: Path, tmp_path: Path
) -> None:
    python = sys.executable
    # What the compiler needs is not there.
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "construct.py").write_text("raise ImportError('construct is not installed')")
    env = {"PYTHONPATH": f"{lacking}{os.pathsep}{installed}"}
    where = run(python, "-c", "import gdproto; print(gdproto.__file__)", cwd=tmp_path, **env)
    assert where.stdout.startswith(str(installed))
    command = (python, "-m", "gdproto", "conformance")
    testee = f"'{python}' -m gdproto.conformance.testees.python"
    words = ("run", "--testee", testee, "--only", "bool-*", "--out", "results")
    run(*command, *words, cwd=tmp_path, **env)
    words = ("live", "--client", "true", "--list")
    assert "client-call" in run(*command, *words, cwd=tmp_path, **env).stdout
    results = "results/results.jsonl"
    run(*command, "report", results, "--html", "matrix.html", cwd=tmp_path, **env)
    assert "GD-TLV-002" in (tmp_path / "matrix.html").read_text()
