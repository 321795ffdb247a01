"""What an arbiter tells of what it does."""
