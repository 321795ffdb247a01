# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
