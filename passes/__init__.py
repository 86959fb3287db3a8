"""What a card says: values in, content out.

Pure by agreement: no clock, no file but its own typeface, no network, no database, no environment, nothing of the
other packages. Whatever a pass shows comes in as a `Face` (passes/face.py); what goes out are bytes and text. So the
same face gives the same bytes every time, and a test needs nothing but the values.
"""
