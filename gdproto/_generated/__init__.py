# @generated from spec/ (22140f2224eeecbb) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
