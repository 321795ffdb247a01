# @generated from spec/ (4bc36f5b701c8f9d) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
