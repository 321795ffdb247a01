# @generated from spec/ (8bca34bc5ac3e8be) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
