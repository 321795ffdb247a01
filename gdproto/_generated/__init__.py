# @generated from spec/ (95da61004b927094) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
