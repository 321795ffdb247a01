# @generated from spec/ (67aa1340a5d0e19c) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
