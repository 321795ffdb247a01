# @generated from spec/ (edc31c2d5b50a5f4) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
