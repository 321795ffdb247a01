# @generated from spec/ (2de93dd1d2f78b00) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
