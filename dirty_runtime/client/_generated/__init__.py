# @generated from spec/ (9f9cc8e60d402271) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
