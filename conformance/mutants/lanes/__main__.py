"""Start a worker for an arbiter that is broken on its lanes: NAME, and the COMMAND of the worker."""

from __future__ import annotations

import sys

from ...live.lanes import end_as
from ...live.relay import Passage
from . import MUTANTS, run

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    end_as(run(MUTANTS.get(name, Passage), command))
