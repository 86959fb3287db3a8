"""From a program as a caller writes it to the plan that is checked and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from issuer.objections import objections
from issuer.program_changes import Plan
from issuer.programs import ProgramView
from issuer.rules import Rules
from issuer.rules.part import Names
from issuer.web.api.program_types import NewProgram, NewReward, ProgramChange
from issuer.web.context import parsed_id
from issuer.web.problems import Problem, not_found

DEEPEST = 8
"""How deep values lie in each other: a happy hour's days are 3 deep."""


@dataclass
class _Rewards:
    """Rewards that are there already, and those that a request adds or renames."""

    known: Mapping[UUID, Mapping[str, str]]
    named: dict[UUID, dict[str, str]] = field(default_factory=dict)

    @property
    def all(self) -> dict[UUID, dict[str, str]]:
        """Every reward of the program, by the names it will have."""
        return {key: dict(names) for key, names in self.known.items()} | self.named

    def add(self, name: object) -> UUID:
        reward_id = uuid4()
        self.named[reward_id] = both(name)
        return reward_id

    def take(self, given: NewReward) -> UUID:
        """The id of a reward of the request, renamed if it is called otherwise now."""
        if given.id is None:
            return self.add(given.name)
        reward_id = parsed_id(given.id)
        if reward_id is None or reward_id not in self.known:
            raise not_found("reward")
        self.named[reward_id] = dict(self.known[reward_id]) if given.name is None else both(given.name)
        return reward_id

    def resolved(self, value: Any, depth: int = 0) -> Any:
        """Put the id of a new reward wherever one is written out by its name.

        :raises Problem: 422, when it is nested deeper than any rule is
        """
        if depth > DEEPEST:
            message = "is nested deeper than any rule: send the fields of the kind as they stand in the documentation"
            raise Problem(422, "invalid_body", f"rule {message}.", [{"field": "rule", "message": message}])
        if isinstance(value, list):
            return [self.resolved(one, depth + 1) for one in value]
        if not isinstance(value, dict):
            return value
        found = {key: self.resolved(one, depth + 1) for key, one in value.items() if key != "reward"}
        return found | ({"reward_id": str(self.add(value["reward"]))} if "reward" in value else {})


def both(name: object) -> dict[str, str]:
    """A name in both languages; one that is a plain text serves for both."""
    try:
        names = (
            name
            if isinstance(name, Names)
            else Names.model_validate({"de": name, "en": name} if isinstance(name, str) else name)
        )
    except ValidationError as error:
        raise _refused(error, "name") from error
    return names.model_dump()


def plan_of_new(body: NewProgram) -> Plan:
    """:raises Problem: 422, naming each field that cannot be used"""
    rewards = _Rewards({})
    rule = rewards.resolved(body.rule)
    _place(rule, body.kind, [(given, rewards.take(given)) for given in body.rewards])
    parts = [{**rule, "kind": body.kind}, *rewards.resolved(body.extras)]
    return Plan(both(body.name), _rules(parts, rewards), rewards.all)


def plan_of_change(view: ProgramView, body: ProgramChange) -> Plan:
    """The program as it is, with what the request changes. :raises Problem: likewise"""
    rewards = _Rewards({reward.id: reward.names for reward in view.rewards})
    main, *extras = view.rules.stored()["parts"]
    rule = main | rewards.resolved(body.rule or {})
    _place(rule, main["kind"], [(given, rewards.take(given)) for given in body.rewards or []])
    further = extras if body.extras is None else rewards.resolved(body.extras)
    names = dict(view.version.names) if body.name is None else both(body.name)
    return Plan(names, _rules([rule, *further], rewards), rewards.all)


def _place(rule: dict[str, Any], kind: str, rewards: list[tuple[NewReward, UUID]]) -> None:
    """Give each reward of the request its place in the rule: the one of the round, or one with a price."""
    if kind == "stamps" and rewards:
        rule.setdefault("reward_id", str(rewards[0][1]))
    if kind == "points" and rewards and _are_prices(written := rule.get("prices", [])):
        prices = {str(price["reward_id"]): price for price in written}
        for given, reward_id in rewards:
            price = {"reward_id": str(reward_id), "price": given.price, "tier": given.tier}
            prices[str(reward_id)] = prices.get(str(reward_id), {}) | {k: v for k, v in price.items() if v is not None}
        rule["prices"] = list(prices.values())


def _are_prices(written: object) -> bool:
    """Anything else is left as it is, to be refused with the rest of the rule."""
    return isinstance(written, list) and all(isinstance(price, dict) and "reward_id" in price for price in written)


def _rules(parts: list[dict[str, Any]], rewards: _Rewards) -> Rules:
    try:
        rules = Rules.read({"parts": parts})
    except ValidationError as error:
        raise _refused(error, "rule") from error
    for reward_id in rules.reward_ids():
        if reward_id not in rewards.all:
            message = f"{reward_id} is no reward of this program: name one of its rewards, or write out a new one"
            raise Problem(422, "invalid_body", f"reward_id {message}.", [{"field": "reward_id", "message": message}])
    return rules


def _refused(error: ValidationError, about: str) -> Problem:
    found = objections(error)
    errors = [{"field": _field(one.about, about), "message": one.sentence("en")} for one in found]
    named = " ".join(f"{item['field']}: {item['message']}" for item in errors)
    return Problem(422, "invalid_body", named, errors)


def _field(place: str, about: str) -> str:
    """ "rule.stamps_needed", "extras.0.months": where the caller wrote it."""
    parts = place.split(".")
    if parts[0] != "parts" or len(parts) < 2:
        return ".".join([about, *filter(None, parts)])
    number = int(parts[1])
    return ".".join(["rule" if number == 0 else f"extras.{number - 1}", *parts[2:]])
