# @generated from spec/ (c6bbe79b28e9bbb9) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
