# @generated from spec/ (3d94bc879995c9c2) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
