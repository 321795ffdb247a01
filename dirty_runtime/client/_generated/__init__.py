# @generated from spec/ (2c07c146d19ce168) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
