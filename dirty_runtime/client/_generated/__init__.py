# @generated from spec/ (0e55242897752904) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
