# @generated from spec/ (e78b702a3a086fdb) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
