"""Draws the code of a pass anew from its message, as a phone does."""

from io import BytesIO

import segno


def qr_svg(message: str, encoding: str | None = None) -> bytes:
    """A QR code of error correction level M as SVG, without a border. Raises ValueError when it does not fit."""
    drawn = BytesIO()
    code = segno.make_qr(message, error="m", encoding=encoding)
    code.save(drawn, kind="svg", xmldecl=False, svgns=True, border=0, omitsize=True, dark="#000")
    return drawn.getvalue()
