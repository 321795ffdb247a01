# @generated from spec/ (b5ca40001cf0acc0) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
