# @generated from spec/ (2ad6ed618487876a) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
