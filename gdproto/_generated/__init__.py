# @generated from spec/ (8909be1b306c3cc8) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
