"""Whether the suite is complete: what the vectors owe the declaration, and what proves the text."""
