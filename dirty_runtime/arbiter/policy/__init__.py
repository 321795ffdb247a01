"""What decides in an arbiter: pure, no I/O, no clock but the one handed in."""
