"""What is printed, from the rows: cards for the purse, and the signs that lead to the join page."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from issuer.cards import view
from issuer.issuing import Look, look_of
from issuer.language import translator
from issuer.programs import ProgramView
from issuer.refusals import N_
from issuer.schema import Card, CardCode, Merchant
from issuer.statuses import leading
from passes.paper import JoinSign, PaperCard, card_pdf, sheet_pdf

_LAST_STEPS = {
    "stamps": N_("Collect stamps"),
    "donation": N_("Collect stamps"),
    "points": N_("Collect points"),
    "cashback": N_("Collect credit"),
    "discount": N_("Show it and pay less"),
    "prepaid": N_("Use your visits"),
    "voucher": N_("Use your voucher"),
}


def printed_card(session: Session, card: Card, program: ProgramView) -> bytes:
    """The PDF of a card that exists: its code on 85.6 x 54 mm."""
    merchant, shown = session.get_one(Merchant, card.merchant_id), view(session, card)
    look = look_of(session, program.program.id)
    return card_pdf(_paper(merchant, program, look, shown.code, shown.short_code, card.language))


def printed_sheet(session: Session, program: ProgramView, codes: Sequence[CardCode], language: str) -> bytes:
    """The PDF of new paper cards, ten on an A4 page."""
    merchant = session.get_one(Merchant, program.program.merchant_id)
    look = look_of(session, program.program.id)
    return sheet_pdf([_paper(merchant, program, look, row.code, row.short_code, language) for row in codes])


def _paper(
    merchant: Merchant, program: ProgramView, look: Look, code: str, short_code: str, language: str
) -> PaperCard:
    _ = translator(language).gettext
    return PaperCard(
        organization=merchant.name,
        program=program.name(language),
        promise=program.sentence(language),
        colours=look.design.colours,
        logo=look.logo,
        stamp=look.stamp,
        shape=look.design.shape,
        needed=program.rules.grid.stamps_needed if program.rules.grid else None,
        code=code,
        short_code=short_code,
        hint=_("Show this card at the till."),
        language=language,
    )


def join_sign(session: Session, program: ProgramView, url: str, language: str) -> JoinSign:
    """What a poster, a table tent or a sticker says.

    :param url: of the join page, with the sign's source
    """
    merchant = session.get_one(Merchant, program.program.merchant_id)
    look, _ = look_of(session, program.program.id), translator(language).gettext
    parts = urlsplit(url)
    return JoinSign(
        organization=merchant.name,
        headline=_("Your stamp card, on your phone") if program.rules.grid else _("Your loyalty card, on your phone"),
        sentence=program.sentence(language),
        steps=(_("Scan the code"), _("Add the card"), _(_LAST_STEPS[leading(program.rules).kind])),
        colours=look.design.colours,
        logo=look.logo,
        stamp=look.stamp,
        shape=look.design.shape,
        needed=program.rules.grid.stamps_needed if program.rules.grid else None,
        url=url,
        url_text=f"{parts.netloc}{parts.path}",
        language=language,
    )
