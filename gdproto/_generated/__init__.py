# @generated from spec/ (77631979bf4dd0dc) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
