"""What the arbiter answers by itself."""
