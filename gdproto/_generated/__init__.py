# @generated from spec/ (e3a80e8f52021d89) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
