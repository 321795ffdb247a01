"""Start a worker for an arbiter that is broken on its lanes: NAME, and the worker's COMMAND."""

from __future__ import annotations

import sys

from gdproto.conformance.live.lanes import end_as
from gdproto.conformance.live.relay import Passage

from . import MUTANTS, run

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    end_as(run(MUTANTS.get(name, Passage), command))
