# @generated from spec/ (ea87453d43898626) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
