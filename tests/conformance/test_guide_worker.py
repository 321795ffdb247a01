"""The worker of the guide "Write a peer", judged live: it fulfils all that does not need a judge.

It is told to the reader as an example, so what it does wrong is copied. It trusts what comes, and
says so: it is asked no script that sends what no arbiter does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from gdproto.conformance import live
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import APP, Terms

from .live_peers import bad

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "peer.md"
FILES = re.compile(r'^```python title="(.*?)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
# What the guide says that a first version forgets, and what it does without a judge.
ASKED = (
    *("worker-ready", "worker-calls", "worker-streams", "worker-failures", "worker-long-failure"),
    *("worker-exception-class", "worker-forbidden", "worker-app-of-others", "worker-fields"),
    *("worker-cancel", "worker-cancel-of-another", "worker-signals", "worker-idle-lane-ends"),
    *("worker-one-lane-of-two-ends", "worker-busy-lane-ends", "worker-lanes-are-not-inherited"),
)
# The guide's worker, with the conformance app in place of its own.
SERVES = f"""\
import sys

import worker
from gdproto.conformance.live.app import App

app = App()
hidden = ("init", "close")
actions = {{name: getattr(app, name) for name in dir(App) if name[0] != "_" and name not in hidden}}
worker.APPS = {{{APP!r}: actions}}
app.init()
status = worker.main()
app.close()
sys.exit(status)
"""


def test_it_does_all_that_does_not_need_a_judge(tmp_path: Path) -> None:
    for name, text in FILES.findall(GUIDE.read_text()):
        (tmp_path / name).write_text(text)
    (tmp_path / "serves.py").write_text(SERVES)
    scripts = [live.scripts()[name] for name in ASKED]
    peer = Peer("the guide's", "worker", f"{sys.executable} {tmp_path / 'serves.py'}")
    assert bad(judged(peer, scripts, Terms(), together=8)) == []
