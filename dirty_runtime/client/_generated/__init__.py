# @generated from spec/ (1aa161ffcb92d846) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
