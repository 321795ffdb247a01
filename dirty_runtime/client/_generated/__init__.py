# @generated from spec/ (e632725b89804894) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
