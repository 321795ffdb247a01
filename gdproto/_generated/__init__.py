# @generated from spec/ (b387e3bdeffef0c3) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
