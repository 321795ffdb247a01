"""The makers of the vectors: one file for each group of areas.

Rules: no codec is asked. What a case expects is written in its maker from the normative text, or
follows from how its bytes were put together; codes, limits and types come from the declaration.
"""
