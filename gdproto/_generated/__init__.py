# @generated from spec/ (833dc9ba1ed5671c) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
