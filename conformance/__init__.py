"""Judging any peer of GD/1: vectors, which say what bytes mean, and what reads them."""
