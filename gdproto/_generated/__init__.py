# @generated from spec/ (c3b828652ef2d68f) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
