# @generated from spec/ (27c1af15f60ce2fb) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
