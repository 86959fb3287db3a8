"""What can be done with a card at the till, the likeliest first. Pure: a card, a language, the hour in, a list out."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.cards import CardView, VoucherView
from issuer.gifts import Left
from issuer.offers.content import VoucherOffer
from issuer.offers.counting import by_itself, counts, hours_of, only_words, taken
from issuer.offers.hours_said import hours_said
from issuer.offers.instants import is_open
from issuer.offers.shown import ShownOffer
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.gifts import CAUSES, CauseRule, GoodwillRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import CREDIT, PREPAID
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import Collecting
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import VoucherRule
from issuer.rules.wording import Wording
from issuer.statuses import voucher_days, voucher_worth
from issuer.telling import tell

MOST_AT_FRONT = 3
"""Beside the main one: more would push it out of the thumb's reach."""
ON_PAPER = ("stamp", "purchase", "sell")
"""What a printed card may begin with."""
REASONS = (N_("Waited too long"), N_("Something went wrong"), N_("A good regular"), N_("Just because"))


@dataclass(frozen=True)
class Action:
    """Something to tap. ``act``: which call it leads to; ``body``: what that call is told beside the card.

    ``many``: the label for ``{count}`` of it, where several may be booked at once. ``hint``: why not, or what of it.
    ``more``: what the page that it opens needs. ``front``: seen without asking for more.
    """

    act: str
    label: str
    body: dict[str, Any] = field(default_factory=dict)
    many: str = ""
    hint: str = ""
    possible: bool = True
    front: bool = False
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What a card itself does not say. ``purse``: of the staff's presents; ``given``: causes that are given only once.

    ``begun``: False for a printed card before its first stamp. ``zone``: by whose clock offers count, the shop's.
    """

    now: datetime
    purse: Left | None = None
    given: Collection[str] = ()
    begun: bool = True
    zone: str = "UTC"


def actions(shown: CardView, words: Wording, known: Known) -> list[dict[str, Any]]:
    """As the script reads them. ``place`` is main, front or more; the first one is main and there always is one."""
    found = list(_possible(shown, words, known))
    main = _main(shown, found)
    others = sorted((one for one in found if one is not main), key=lambda one: not one.possible)
    front = [one for one in others if one.front and one.possible][:MOST_AT_FRONT]
    # The customer shows it, so staff must see it, too: above the others, as nobody has to reach for it.
    waiting = [one for one in others if "offer_id" in one.body and not one.possible]
    front = [*waiting[: max(1, MOST_AT_FRONT - len(front))], *front]
    places = [(main, "main"), *((one, "front") for one in front)]
    places += [(one, "more") for one in others if one not in front]
    return [_written(action, place) for action, place in places]


def _written(action: Action, place: str) -> dict[str, Any]:
    return {
        "act": action.act,
        "label": action.label,
        "many": action.many,
        "hint": action.hint,
        "possible": action.possible,
        "place": place,
        "body": action.body,
        "more": action.more,
    }


def _main(shown: CardView, found: list[Action]) -> Action:
    """What the customer most likely came for."""
    rules, acts = shown.rules, list[str]()
    if isinstance(rules.main, VoucherRule):
        acts = ["voucher"]
    elif isinstance(rules.main, PrepaidRule):
        acts = ["use", "sell"] if shown.balances.get(PREPAID) else ["sell", "use"]
    acts += ["purchase", "stamp"] if by_amount(rules) else ["stamp", "purchase"]
    wanted = (one for act in acts for one in found if _sort(one) == act and one.possible)
    return next(wanted, found[0])


def _sort(action: Action) -> str:
    """A purchase with a voucher is about the voucher."""
    return "voucher" if "voucher_id" in action.body else action.act


def by_amount(rules: Rules) -> bool:
    """Whether what is paid decides what is earned, or what is to pay."""
    tiers = rules.one(TierRule)
    counts = tiers is not None and tiers.by != "visits"
    money = any(rules.one(kind) for kind in (PointRule, CashbackRule, DiscountRule))
    return money or counts or any(rule.earn == "amount" for rule in rules.each(Collecting))


def _possible(shown: CardView, words: Wording, known: Known) -> Iterator[Action]:
    found = [
        *_offers(shown, words, known),
        *_things(shown, words, known),
        *_work(shown, words, known),
        *_presents(shown, words, known),
    ]
    if not known.begun:
        found = [one for one in found if one.act in ON_PAPER]
    yield from found
    acts = {one.act for one in found}
    if not acts & {"stamp", "use", "sell"} or by_amount(shown.rules) or (_pays_less(shown) and known.begun):
        yield _purchase(shown, words, known)


def _offers(shown: CardView, words: Wording, known: Known) -> Iterator[Action]:
    """What the card bears beside: handed over with one tap, unless something is taken off a purchase."""
    for offer in shown.offers:
        if by_itself(offer) or only_words(offer):
            continue
        text = words.say(N_("Offer: %(what)s"), what=offer.content.in_(words.language).card)
        used = taken(offer, known.now, known.zone)
        possible = counts(offer, known.now, known.zone) and not used
        hint = "" if possible else words.say(N_("used today")) if used else _when(offer, words, known)
        body = {"offer_id": str(offer.offer_id)}
        body |= {"voucher_id": str(offer.voucher_id)} if offer.voucher_id else {}
        act, more = ("purchase", _bill(shown, words, known)) if _takes_off(offer) else ("offer", {})
        yield Action(act, text, body, hint=hint, possible=possible, front=True, more=more)


def _when(offer: ShownOffer, words: Wording, known: Known) -> str:
    """Why an offer that lies on the card does not count: "only Monday to Friday from 7:00 to 10:00"."""
    hours = hours_of(offer)
    if hours is None or is_open(hours, known.now, ZoneInfo(known.zone)):
        return words.say(N_("does not count now"))
    return words.say(N_("only %(hours)s"), hours=hours_said(hours, words))


def _takes_off(offer: ShownOffer) -> bool:
    unlocks = offer.offer.unlocks
    return isinstance(unlocks, VoucherOffer) and unlocks.worth.thing is None


def good_to_know(shown: CardView, words: Wording, known: Known) -> Iterator[str]:
    """Offers that nobody redeems: by which all that is booked now counts more, "2 ×: Double stamps"; and reminders."""
    for offer in shown.offers:
        text = offer.content.in_(words.language).card
        if only_words(offer):
            yield text
        elif offer.factor is not None and counts(offer, known.now, known.zone):
            yield f"{words.number(offer.factor)}\xa0×: {text}"


def _things(shown: CardView, words: Wording, known: Known) -> Iterator[Action]:
    """What is the customer's to take: rewards, vouchers, what their points are enough for."""
    for reward in shown.rewards:
        label = words.say(N_("Redeem: %(name)s"), name=reward.names[words.language])
        yield Action("redeem", label, {"reward_id": str(reward.reward_id)}, front=True)
    offered = _of_offers(shown)
    for voucher in shown.vouchers:
        if voucher.id not in offered:
            yield _voucher(shown, voucher, words, known)
    choices = list(zip(shown.prices, tell(shown, words.language).choices, strict=True))
    theirs = [choice for _, choice in choices if choice.is_theirs]
    for price, choice in choices:
        label = words.say(N_("%(name)s for %(price)s"), name=choice.name, price=choice.price)
        body, alone = {"reward_id": str(price.reward_id)}, theirs == [choice]
        yield Action("choose", label, body, hint=choice.hint, possible=choice.is_theirs, front=alone)


def _of_offers(shown: CardView) -> dict[UUID, ShownOffer]:
    """Offers by the voucher that they brought, which is spoken of once."""
    return {offer.voucher_id: offer for offer in shown.offers if offer.voucher_id}


def _voucher(shown: CardView, voucher: VoucherView, words: Wording, known: Known) -> Action:
    """A thing is handed over; what takes something off is used with the purchase that it is taken off."""
    label = words.say(N_("Voucher: %(worth)s"), worth=voucher_worth(voucher, words))
    body, days = {"voucher_id": str(voucher.id)}, voucher_days(voucher, shown.zone, words)
    possible = _counts(voucher, known)
    if voucher.worth.thing:
        return Action("voucher", label, body, hint=days, possible=possible, front=True)
    more = _bill(shown, words, known)
    return Action("purchase", label, body, hint=days, possible=possible, front=True, more=more)


def _counts(voucher: VoucherView, known: Known) -> bool:
    return voucher.valid_from <= known.now and (voucher.valid_until is None or known.now < voucher.valid_until)


def _work(shown: CardView, words: Wording, known: Known) -> Iterator[Action]:
    """Stamps and visits."""
    for collecting in shown.rules.each(Collecting):
        yield _stamp(collecting, words, front=not by_amount(shown.rules))
    yield from _visits(shown, words)


def _visits(shown: CardView, words: Wording) -> Iterator[Action]:
    rule, there = shown.rules.one(PrepaidRule), shown.balances.get(PREPAID, 0)
    name = rule.names.in_(words.language) if rule else words.say(N_("visit"))
    if rule or there:
        label, many = words.say(N_("Use 1 × %(name)s"), name=name), words.say(N_("Use {count} × %(name)s"), name=name)
        yield Action("use", label, many=many, possible=there > 0, front=True, more={"most": there})
    if rule:
        text, money = N_("Sell %(visits)s × %(name)s: %(money)s"), words.money(rule.price)
        yield Action("sell", words.say(text, visits=rule.visits, name=name, money=money))


def _stamp(rule: Collecting, words: Wording, *, front: bool) -> Action:
    body = {"counter": rule.counter} if rule.counter else {}
    if rule.names is None:
        return Action("stamp", words.say(N_("Stamp")), body, words.say(N_("{count} stamps")), front=front)
    name = rule.names.in_(words.language)
    many = words.say(N_("Stamp: {count} × %(name)s"), name=name)
    return Action("stamp", words.say(N_("Stamp: %(name)s"), name=name), body, many, front=front)


def _purchase(shown: CardView, words: Wording, known: Known) -> Action:
    return Action("purchase", words.say(N_("Type the amount")), more=_bill(shown, words, known))


def _pays_less(shown: CardView) -> bool:
    """Whether something on the card may make a purchase cheaper."""
    return shown.balances.get(CREDIT, 0) > 0 or any(voucher.worth.thing is None for voucher in shown.vouchers)


def _bill(shown: CardView, words: Wording, known: Known) -> dict[str, Any]:
    """What the page for an amount asks, whether the price must be reckoned first, what may be switched on.

    ``collects``: what staff must not stamp besides, or empty.
    """
    credit = shown.balances.get(CREDIT, 0)
    offered = _of_offers(shown)
    there = [one for one in shown.vouchers if one.worth.thing is None and _counts(one, known)]
    usable = [one for one in there if one.id not in offered or counts(offered[one.id], known.now, known.zone)]
    return {
        "reckoned": shown.rules.one(DiscountRule) is not None,
        "credit": words.money(credit) if credit else None,
        "vouchers": [{"id": str(one.id), "label": voucher_worth(one, words)} for one in usable] if known.begun else [],
        "items": counted_items(shown.rules) is not None,
        "collects": _collects(shown.rules, words),
    }


def _collects(rules: Rules, words: Wording) -> str:
    if all(rule.earn != "visit" for rule in rules.each(Collecting)):
        return ""
    return words.say(N_("The purchase gives the stamp already."))


def counted_items(rules: Rules) -> Collecting | None:
    """The one counter that is stamped for items, so that the till may ask how many; ``None`` if it is not clear."""
    found = [rule for rule in rules.each(Collecting) if rule.earn == "item"]
    return found[0] if len(found) == 1 else None


def _presents(shown: CardView, words: Wording, known: Known) -> Iterator[Action]:
    """What is given without a purchase."""
    causes, goodwill = shown.rules.one(CauseRule), shown.rules.one(GoodwillRule)
    for bonus in causes.bonuses if causes else ():
        gift, was_given = bonus.grant.said(words), bonus.once and bonus.cause in known.given
        why = words.say(CAUSES[bonus.cause])
        label = f"{bonus.names.in_(words.language)}: {gift}" if bonus.names else f"{gift} {why}"
        hint = words.say(N_("given already")) if was_given else ""
        yield Action("bonus", label, {"cause": bonus.cause}, hint=hint, possible=not was_given)
    if goodwill and known.purse:
        left = purse_said(known.purse, words)
        label = words.say(N_("Give as a present: %(gift)s"), gift=goodwill.grant.said(words))
        more = {"reasons": [words.say(reason) for reason in REASONS], "left": left}
        yield Action("goodwill", label, hint=left, possible=known.purse.left > 0, more=more)


def purse_said(purse: Left, words: Wording) -> str:
    return words.say(N_("%(left)s of %(all)s left this week"), left=purse.left, all=purse.a_week)
