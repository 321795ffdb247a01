# @generated from spec/ (78fb76209e01b456) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
