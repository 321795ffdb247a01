# @generated from spec/ (af5fdf737e6f6b1e) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
