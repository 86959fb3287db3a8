"""Apple's servers and a phone, for a machine that has neither.

Independent by agreement: it imports nothing of the other packages and checks everything with eyes of its own,
so a mistake of ours cannot hide by being made twice. Nothing here runs in production.
"""
