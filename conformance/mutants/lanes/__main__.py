"""Start a worker for an arbiter that is broken on its lanes: NAME, and the COMMAND of the worker."""

from __future__ import annotations

import os
import subprocess
import sys

from ...live.lanes import FDS, end_as
from ...live.relay import Passage
from . import MUTANTS, run

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    # What is started without lanes is no worker.
    end_as(
        run(MUTANTS.get(name, Passage), command) if FDS in os.environ else subprocess.call(command)
    )
