"""Peers in other languages: built, tested by their own tools, and judged like any other."""
