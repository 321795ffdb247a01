# @generated from spec/ (290846a2a0da4bc1) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
