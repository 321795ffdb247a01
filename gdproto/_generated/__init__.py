# @generated from spec/ (2219975c205ae1db) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
