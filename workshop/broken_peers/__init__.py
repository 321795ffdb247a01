"""Broken arbiters, workers and clients, each of which a live script must tell from a sound one."""
