# @generated from spec/ (6790c0b9deb6a85c) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
