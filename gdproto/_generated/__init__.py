# @generated from spec/ (37b99d8e2d254ee7) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
