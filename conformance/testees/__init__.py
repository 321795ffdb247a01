"""The testees of this project, each started as ``python -m gdproto.conformance.testees.NAME``."""
