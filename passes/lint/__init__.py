"""What Wallet would drop, hide or refuse in a pass without a word, said here with one.

Takes the files of a pass as they are, whoever made them, and trusts nothing in them. Each finding has a code that
stays; docs/apple-rules.md lists them by cause. What signature, manifest and archive can be guilty of is told by
signing/inspection.py.
"""
