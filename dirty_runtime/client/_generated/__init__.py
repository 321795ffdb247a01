# @generated from spec/ (4ea07d905926cb48) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
