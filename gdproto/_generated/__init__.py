# @generated from spec/ (574d7db8a9cb5d07) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
