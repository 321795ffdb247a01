"""Run a broken arbiter: NAME, the SOCKET where it serves, and the one of the sound one BEHIND."""

from __future__ import annotations

import sys

from gdproto.conformance.live.relay import serve

from . import MUTANTS, LargeAnswers

if __name__ == "__main__":
    name, path, behind = sys.argv[1:]
    # One that breaks nothing shows that the relay itself does not.
    serve(path, behind, MUTANTS.get(name, LargeAnswers))
