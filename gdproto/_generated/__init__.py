# @generated from spec/ (f7227ae0964489ce) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
