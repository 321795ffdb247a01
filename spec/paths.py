"""How the place of a fault inside a payload is written: ``kwargs.model[3]``.

Keys are joined by dots, indexes stand in brackets (GD-ERR-006), and so does a key that is no plain
identifier or that is long, as a string of JSON. Characters are code points.
"""

from __future__ import annotations

MAX_PATH_CHARS = 200  # GD-ERR-008
MAX_KEY_CHARS = 32  # GD-ERR-023
# Behind the first characters of a longer key; the last character of a path that was cut:
# GD-ERR-024.
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# A regular expression for the whole key: GD-ERR-007.
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"

# In a quoted key. Other control characters, those below U+0020, are \u and four hex digits in lower
# case; so is a lone surrogate, where a program's texts can have one. All else stands for itself.
# GD-ERR-025 GD-ERR-028
ESCAPES = {
    '"': r"\"",
    "\\": r"\\",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
}
