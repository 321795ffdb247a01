# @generated from spec/ (dde9e84d13fe1180) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
