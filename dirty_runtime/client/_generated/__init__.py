# @generated from spec/ (29f8ebf8fb89fce2) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
