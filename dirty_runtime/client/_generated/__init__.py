# @generated from spec/ (e8ec2e705d673b25) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
