# @generated from spec/ (e1b6f13cd02f8ff8) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
