"""Run a broken worker: NAME, and the COMMAND that starts a sound one."""

from __future__ import annotations

import sys

from gdproto.conformance.live.lanes import end_as

from . import MUTANTS, Sound, run

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    end_as(run(MUTANTS.get(name, Sound), command))
