# @generated from spec/ (6054c5e3c3bc4ea1) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
