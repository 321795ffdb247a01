# @generated from spec/ (9300b5790b855686) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
