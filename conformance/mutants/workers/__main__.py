"""Run a broken worker: NAME, and the COMMAND that starts a sound one."""

from __future__ import annotations

import os
import sys

from . import MUTANTS, Sound, run

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    # Threads of the relay may still wait for a lane.
    os._exit(run(MUTANTS.get(name, Sound), command))
