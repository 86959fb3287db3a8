"""Values of ASN.1 in the distinguished encoding (ITU-T X.690), and the tags of those that signatures are made of."""

SEQUENCE, SET, OID, INTEGER, OCTETS, NULL = 0x30, 0x31, 0x06, 0x02, 0x04, 0x05
UTC_TIME, TIME = 0x17, 0x18
LONG_FORM = 0x80
"""The bit of a length that says that it has several bytes; alone, in BER, that it is not known yet (8.1.3)."""


def der(tag: int, *parts: bytes) -> bytes:
    """A value behind its tag and its length, the shortest that says it (X.690, 8.1.3 and 10.1)."""
    body = b"".join(parts)
    size = len(body)
    if size < LONG_FORM:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, LONG_FORM | len(length))) + length + body
