"""The arbiter's side towards workers."""
