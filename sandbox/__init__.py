"""Apple's and Google's servers and their phones, for a machine that has none of them.

Independent by agreement: it imports nothing of the other packages and checks everything with eyes of its own,
so a mistake of ours cannot hide by being made twice. Nothing here runs in production.
"""
