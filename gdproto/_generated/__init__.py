# @generated from spec/ (feee4fed48499ffa) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
