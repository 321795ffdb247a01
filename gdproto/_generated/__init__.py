# @generated from spec/ (d49e4a872b476e88) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
