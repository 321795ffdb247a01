"""What people import: the names, and that importing needs nothing beside Python."""

from __future__ import annotations

import subprocess
import sys

import gdproto

NAMES = """
ERROR_TEXT_BYTES ERROR_TYPES HEADER_BYTES IMPLEMENTATION MAGIC MAX_PAYLOAD_BYTES MESSAGE_CLASSES
NEED_DATA PRIORITY_RANGE RAW_DATA_BYTES VALUE_TYPES VERSION Cancel Chunk Connection
ConnectionClosed Encoded End Error ExchangeEnded FrameReceived Header ListPieces Manage ManageOp
Message MessageCode MessageReceived PartReceived Pause Pieces ProtocolError Request RequestPeek
Response Resume Stash StashOp Status check decode encode list_items parse parse_header
parse_payload parse_question parse_stash peek_request peek_trace readdressed
"""


def test_all() -> None:
    assert sorted(gdproto.__all__) == sorted(NAMES.split())
    assert all(hasattr(gdproto, name) for name in gdproto.__all__)


def test_import_needs_nothing_beside_python() -> None:
    program = (
        "import sys, gdproto; "
        "print([m for m in ('construct', 'click', 'rich', 'gunicorn') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert result.stdout == "[]\n"


def test_signatures_of_the_contract() -> None:
    assert gdproto.Request(1, "m:A", "go", (1,), {"k": 2}, 3.0) == gdproto.Request(
        request_id=1, app_path="m:A", action="go", args=(1,), kwargs={"k": 2}, timeout=3.0
    )
    assert gdproto.Request(1, "m:A", "go", (), {}, None, 5).priority == 5
    assert gdproto.Error(1, "DirtyError", "no").details == {}
