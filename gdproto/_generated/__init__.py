# @generated from spec/ (116470daf881498f) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
