"""Proves who said it: codes, tokens, passwords, sealed secrets, certificates and signed passes.

Pure apart from randomness: bytes in, bytes out, an error where something does not hold.
Knows no loyalty, no Flask, no database, no file.
"""
