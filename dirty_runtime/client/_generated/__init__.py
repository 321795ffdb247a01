# @generated from spec/ (4c84ee1497398655) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
