# @generated from spec/ (47504931fb14af64) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
