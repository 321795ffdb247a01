# @generated from spec/ (0fe1beb01fa33935) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
