"""Running: a testee as a process, what it is asked there, and how one in Python answers."""
