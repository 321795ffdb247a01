# @generated from spec/ (8d7d47279839f2c3) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
