"""The arbiter's side towards clients."""
