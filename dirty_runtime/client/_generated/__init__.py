# @generated from spec/ (1b4b1b04b46ff141) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
