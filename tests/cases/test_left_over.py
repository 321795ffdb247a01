"""What a crash, a loss of power or somebody else has left at our paths keeps nobody from a start.

Nor does root follow there what another user has put, or change it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dirty_runtime.arbiter.pidfile import Pidfile
from dirty_runtime.log_file import opened
from dirty_runtime.place import Place, identity_of
from dirty_runtime.settings import ConfigError
from tests.dirty_runtime.processes import LIMIT_S

OWN = f"{os.getpid()}\n"
OTHER_USER = 54321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")


def written(path: Path) -> Pidfile:
    pidfile = Pidfile(str(path))
    pidfile.write()
    return pidfile


LEFT = {
    "nothing": b"",
    "zeros": b"\0" * 512,
    "a pid that is somebody else's now": b"1\n",
    "our own": OWN.encode(),
    "a dead one": b"4194304\n",
    "no number": b"abc\n",
    "no text": b"\xff\xfe\n",
    "a number below zero": b"-1\n",
    "a huge number": b"9" * 3000,
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_of_a_pidfile_is_written_over(name: str, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_bytes(LEFT[name])
    pidfile = written(path)
    assert path.read_text() == OWN
    pidfile.remove()
    assert not path.exists()


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    os.mkfifo(path)
    written(path).remove()
    assert not path.exists()


def test_what_is_no_pidfile_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious\n" * 100)
    link, directory = tmp_path / "link", tmp_path / "directory"
    link.symlink_to(precious)
    directory.mkdir()
    for path in (precious, link, directory):
        with pytest.raises(ConfigError, match=f"pidfile {path}: something else than a pidfile"):
            written(path)
    assert precious.read_text() == "precious\n" * 100


def test_one_name_of_a_file_is_replaced_where_it_has_two(tmp_path: Path) -> None:
    path, precious = tmp_path / "pid", tmp_path / "precious"
    precious.write_text("1\n")
    path.hardlink_to(precious)
    written(path)
    assert (path.read_text(), precious.read_text()) == (OWN, "1\n")


def test_a_file_that_its_owner_cannot_open_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.touch(mode=0)
    written(path).remove()


def test_of_two_starts_one_has_the_pidfile_until_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    first = written(path)
    with pytest.raises(ConfigError, match=f"process {os.getpid()} lives"):
        written(path)
    assert path.read_text() == OWN
    first.remove()
    written(path).remove()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    program = (
        "import os, sys; from dirty_runtime.arbiter.pidfile import Pidfile;"
        "Pidfile(sys.argv[1]).write(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], timeout=LIMIT_S)
    assert path.read_text() not in ("", OWN)
    written(path).remove()


def test_another_file_at_the_path_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    pidfile = written(path)
    path.rename(tmp_path / "old")
    path.write_text("2\n")
    pidfile.remove()
    assert path.read_text() == "2\n"


def test_a_directory_that_is_gone_is_no_error_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run" / "pid"
    path.parent.mkdir()
    pidfile = written(path)
    path.unlink()
    path.parent.rmdir()
    pidfile.remove()


# --- root, where another user can write ---


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A directory of another user."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    os.chown(directory, OTHER_USER, OTHER_USER)
    return directory


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of root's that others may not write."""
    path = tmp_path / "precious"
    path.write_text("1\n")
    return path


@as_root
def test_root_follows_no_link_of_another_user(theirs: Path, precious: Path) -> None:
    link = theirs / "log"
    link.symlink_to(precious)
    os.lchown(link, OTHER_USER, OTHER_USER)
    way = theirs / "way"
    way.symlink_to(precious.parent)
    for path in (link, way / "log"):
        with pytest.raises(OSError, match=r"link|symbolic"):
            opened(str(path))
    with pytest.raises(ConfigError, match="another user's to change"):
        written(way / "pid")
    assert precious.read_text() == "1\n"


@as_root
def test_root_writes_to_no_file_that_another_user_has_given_a_name(
    theirs: Path, precious: Path
) -> None:
    (theirs / "log").hardlink_to(precious)
    with pytest.raises(OSError, match="another name"):
        opened(str(theirs / "log"))
    (theirs / "pid").hardlink_to(precious)
    written(theirs / "pid")
    assert precious.read_text() == "1\n"


@as_root
def test_root_follows_its_own_links(tmp_path: Path, precious: Path) -> None:
    link, way = tmp_path / "link", tmp_path / "way"
    link.symlink_to(precious)
    way.symlink_to(tmp_path)
    for path in (link, way / "link", Path("/dev/null")):
        os.close(opened(str(path)))
    place = Place(str(way / "precious"))
    assert place.holds(identity_of(precious.stat()))
    place.close()


@as_root
def test_links_that_lead_nowhere_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="link"):
        Place(str(tmp_path / "a" / "pid"))
