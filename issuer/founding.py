"""A shop's first quarter of an hour: founded, dressed, given a rule, and only then open to customers."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issuer import brands, people
from issuer.branding import brandings
from issuer.brands import Pictures
from issuer.database import set_merchant
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.editing import Objection, name_objection, one_line, printable, whole_number
from issuer.language import LANGUAGES
from issuer.merchants import (
    LONGEST_NAME,
    NewMerchant,
    create_location,
    create_merchant,
    open_join_page,
)
from issuer.people import LiveSession
from issuer.program_changes import collecting, correct_program, create_program
from issuer.refusals import N_, Refusal
from issuer.rules.stamps import LEAST_STAMPS, MOST_STAMPS
from issuer.rules.wording import Wording
from issuer.schema import Location, Merchant, Program, ProgramSlug, Reward, User
from passes.face import Colours

STEPS = ("shop", "logo", "look", "rule", "live")
LONGEST_REWARD = 40
LONGEST_ADDRESS = 200
LONGEST_SLUG = 40
_UUID = re.compile("[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Basics:
    """What a shop is called, a ready design's name, and an address, which may be empty."""

    name: str
    trade: str
    address: str


def read_basics(name: str, trade: str, address: str) -> Basics | Objection:
    name, address = one_line(name), one_line(address)
    if objection := name_objection(name, LONGEST_NAME):
        return objection
    if trade not in brandings():
        return Objection(N_("Choose your trade: it decides how your card begins."), {}, "trade")
    if len(address) > LONGEST_ADDRESS:
        return Objection(N_("This address is longer than fits on a card: shorten it."), {}, "address")
    if not printable(address):
        return Objection(N_("This address holds characters that cannot be printed: type it anew."), {}, "address")
    return Basics(name, trade, address)


def found_shop(session: Session, live: LiveSession, basics: Basics, now: datetime) -> Merchant:
    """A merchant with one shop and a brand in its trade's clothes; whoever founds it is its owner.

    Who taps twice, or in two windows, has one shop: the second tap waits for the first and finds what it founded.
    """
    founder = session.scalars(select(User).where(User.id == live.user_id).with_for_update()).one()
    if workplaces := people.workplaces(session, founder.id):
        set_merchant(session, workplaces[0].merchant_id)
        return session.get_one(Merchant, workplaces[0].merchant_id)
    merchant = create_merchant(session, NewMerchant(basics.name, contact=_contact(basics)), now)
    merchant.trade, merchant.setup_step = basics.trade, "logo"
    create_location(session, merchant, basics.name, now, basics.address or None)
    brands.create_brand(session, merchant, brandings()[basics.trade], now)
    people.add_member(session, founder, merchant.id, "owner", now)
    people.switch_merchant(session, live, merchant.id)
    return merchant


def correct_shop(session: Session, merchant: Merchant, basics: Basics, now: datetime) -> None:
    """Another name, trade or address, as long as no customer has seen the first. Another trade begins its card anew."""
    place = session.scalars(select(Location).order_by(Location.created_at).limit(1)).one()
    if place.name == merchant.name:
        place.name, place.address = basics.name, basics.address or None
    merchant.name, merchant.contact = basics.name, _contact(basics)
    if merchant.trade != basics.trade:
        merchant.trade, merchant.setup_step = basics.trade, "logo"
        ready = brandings()[basics.trade]
        icon, logo, stamp = (
            brands.store_image(session, merchant.id, png, now) for png in (ready.icon, ready.logo, ready.stamp)
        )
        _redraw(session, lambda _: Design.read(ready.design), Pictures(icon, logo, stamp), now)
    session.flush()


def _contact(basics: Basics) -> dict[str, str]:
    return {"address": basics.address} if basics.address else {}


def in_turn(session: Session, merchant_id: UUID) -> Merchant:
    """The merchant, for answers that come at the same moment to be taken one after the other."""
    held = select(Merchant).where(Merchant.id == merchant_id).with_for_update(key_share=True)
    return session.scalars(held).one()


def reached(merchant: Merchant, step: str) -> bool:
    """Whether a step is done or next; steps may be gone back to."""
    return merchant.setup_step is not None and STEPS.index(step) <= STEPS.index(merchant.setup_step)


def step_done(merchant: Merchant, step: str) -> None:
    """Go on from a step, if it is the farthest so far."""
    if merchant.setup_step == step:
        merchant.setup_step = STEPS[STEPS.index(step) + 1]


def wear(
    session: Session, colours: Colours | None, pictures: Pictures | None, show_name: bool | None, now: datetime
) -> None:
    """Put something on the draft; what is ``None`` stays as it is."""

    def put_on(design: Design) -> Design:
        named = design.show_name if show_name is None else show_name
        return replace(design, colours=colours or design.colours, show_name=named)

    _redraw(session, put_on, pictures, now)


def _redraw(session: Session, change: Callable[[Design], Design], pictures: Pictures | None, now: datetime) -> None:
    """Change the draft as it is now, whatever another window made of it: the answer to a question is never dropped."""
    brand = brands.brand_of_merchant(session)
    session.refresh(brand, with_for_update=True)
    worn = brands.in_work(session, brand)
    design = change(Design.read(worn.design))
    brands.save_draft(session, brand, design, pictures or brands.pictures_of(worn), brands.revision_of(worn), now)


@dataclass(frozen=True)
class FirstRule:
    """ "N stamps for a reward", as it was typed; an empty English name takes the German one."""

    needed: int
    rewards: Mapping[str, str]


def read_rule(needed: str, rewards: Mapping[str, str]) -> FirstRule | Objection:
    """:param rewards: language to what the reward is called"""
    number = whole_number(needed)
    if number is None or not LEAST_STAMPS <= number <= MOST_STAMPS:
        return Objection(
            N_("“%(needed)s” stamps cannot be: write a number from %(least)s to %(most)s."),
            {"needed": needed.strip()[:10], "least": LEAST_STAMPS, "most": MOST_STAMPS},
            "needed",
        )
    names = {language: one_line(rewards.get(language, "")) for language in LANGUAGES}
    names["en"] = names["en"] or names["de"]
    for language, name in names.items():
        if objection := name_objection(name, LONGEST_REWARD, f"reward_{language}"):
            return objection
    return FirstRule(number, names)


def set_rule(session: Session, merchant: Merchant, rule: FirstRule, now: datetime) -> Program:
    """The program, made or changed: nobody holds a card of it before the shop is live."""
    proposal = brandings()[merchant.trade or "cafe"]
    as_proposed = rule.needed == proposal.stamps_needed and dict(rule.rewards) == dict(proposal.reward_names)
    names = proposal.program_names if as_proposed else {"de": "Stempelkarte", "en": "Stamp card"}
    brand = brands.brand_of_merchant(session)
    program = session.scalar(select(Program).order_by(Program.created_at).limit(1))
    if program is None:
        plan = collecting(names, rule.rewards, rule.needed)
        program = create_program(session, brand, plan, free_slug(session, merchant.name), now, public=False)
    else:
        reward = session.scalars(select(Reward).where(Reward.program_id == program.id)).one()
        correct_program(session, program, collecting(names, rule.rewards, rule.needed, reward.id), now)
    _describe(session, rule, now)
    session.flush()
    return program


def _describe(session: Session, rule: FirstRule, now: datetime) -> None:
    """What the phone reads aloud follows the rule."""
    kinds = {"de": "Stempelkarte", "en": "Stamp card"}
    promise = collecting(kinds, rule.rewards, rule.needed)
    texts = {
        language: f"{kinds[language]}: {promise.rules.sentence(Wording(language, promise.rewards))}"
        for language in LANGUAGES
    }
    _redraw(session, lambda design: replace(design, texts=texts), None, now)


def go_live(session: Session, merchant: Merchant, live: LiveSession, now: datetime) -> Program | Refusal:
    """Publish the design and open the join page: from now on customers come in."""
    brand = brands.brand_of_merchant(session)
    draft = brands.draft_of(session, brand)
    if draft is not None:
        published = publish_draft(session, brand, live.user_id, draft.revision, now)
        if isinstance(published, Refusal) and published.code != "nothing_to_publish":
            return published
    program = session.scalars(select(Program).order_by(Program.created_at).limit(1)).one()
    _open_join_page(session, program, merchant.name)
    merchant.setup_step = None
    session.flush()
    return program


def _open_join_page(session: Session, program: Program, name: str) -> None:
    """Under an address that no other shop takes at this very moment."""
    while True:
        program.slug = free_slug(session, name)
        try:
            with session.begin_nested():
                open_join_page(session, program)
        except IntegrityError:
            continue
        return


def free_slug(session: Session, name: str) -> str:
    """A short address for a join page, made from the shop's name: "cafe-morgenrot"."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_GERMAN)).encode("ascii", "ignore").decode()
    wanted = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")
    # A join page is found by its program's id too, so no shop may be called like the id of another's program.
    if not wanted or _UUID.fullmatch(wanted):
        wanted = secrets.token_hex(4)
    slug = wanted
    while session.get(ProgramSlug, slug) is not None:
        slug = f"{wanted}-{secrets.token_hex(3)}"
    return slug
