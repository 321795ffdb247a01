# @generated from spec/ (0b0810be50a3aebb) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
