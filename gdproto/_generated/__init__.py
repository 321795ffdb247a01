# @generated from spec/ (ebac5516958a3e4c) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
