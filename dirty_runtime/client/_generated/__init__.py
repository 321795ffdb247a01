# @generated from spec/ (cd4d1085ca65464f) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
