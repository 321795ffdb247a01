"""Run a broken client: NAME, the COMMAND of a sound one, and what a client is given."""

from __future__ import annotations

import sys

from gdproto.conformance.live.relay import Passage

from . import MUTANTS, run

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    sys.exit(run(MUTANTS.get(name, Passage), words))
