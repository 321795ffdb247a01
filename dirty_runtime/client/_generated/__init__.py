# @generated from spec/ (93d57593a2715a40) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
