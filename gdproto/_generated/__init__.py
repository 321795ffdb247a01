# @generated from spec/ (4eaa49c3b34adc65) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
