"""The content of a Google offer: the class that all vouchers of a program share, and the object of one voucher."""

from passes.face import Face
from passes.google_checks import check_offers, check_voucher, sound
from passes.google_face import GoogleOffers, GoogleVoucher
from passes.google_parts import (
    Body,
    class_parts,
    image,
    in_each,
    object_parts,
    organization,
    text_path,
    wide_logo,
    worded,
)


def offer_class(face: Face, offers: GoogleOffers, *translations: Face, places_allowed: bool = False) -> Body:
    """The OfferClass of a program's vouchers, from the face of any voucher or card of the brand.

    Arguments and refusals as `passes.google.loyalty_class`. Source: "REST Resource: offerclass".
    """
    faces = (face, *translations)
    check_offers(faces, offers)
    rows = ([text_path(key) for key in row] for row in offers.rows)
    body = {
        **class_parts(faces, offers, rows, places_allowed=places_allowed),
        **worded("title", in_each(faces, offers.name)),
        **worded("shortTitle", in_each(faces, offers.short_name)),
        **worded("provider", organization(faces)),
        "redemptionChannel": "INSTORE",
        "titleImage": image(offers.logo_url, organization(faces)),
        **wide_logo("wideTitleImage", faces, offers),
        **worded("details", in_each(faces, offers.details)),
        **worded("finePrint", in_each(faces, offers.fine_print)),
    }
    return sound("OfferClass", body)


def offer_object(
    face: Face, voucher: GoogleVoucher, *translations: Face, notify: bool = False, places_allowed: bool = False
) -> Body:
    """The OfferObject of one voucher, from a face of the sort VOUCHER: its large line is the first text.

    Arguments and refusals as `passes.google.loyalty_object`. Source: "REST Resource: offerobject".
    """
    faces = (face, *translations)
    check_voucher(faces, voucher)
    aloud = {shown.language: shown.description for shown in faces}
    return sound("OfferObject", object_parts(faces, voucher, aloud, notify=notify, places_allowed=places_allowed))
