"""Shapes of programs: what a program is made of, and how it is asked to change."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictInt, model_validator

from issuer.rules.part import Key
from issuer.web.api.types import Body, Fields, Named, Text

Kind = Literal["stamps", "points", "cashback", "discount", "prepaid", "voucher", "donation"]
Pause = Annotated[StrictInt, Field(ge=0, le=31 * 86400)]
Reward = {"name": {"de": "Kaffee", "en": "Coffee"}}


class NewReward(Fields):
    """A reward of the program. ``id`` of one that is there already; ``price`` in points, for a program of points."""

    id: Text | None = None
    name: Named | None = None
    price: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None
    tier: Key | None = None

    @model_validator(mode="after")
    def _called(self) -> "NewReward":
        if self.id is None and self.name is None:
            raise ValueError("send a name, or the id of a reward that is there")
        return self


class NewProgram(Body):
    """``rule``: the fields of the kind (see ``GET /programs``); ``extras``: further rules, each with its ``kind``.

    Wherever a rule names a ``reward_id``, a new reward may stand instead: ``"reward": {"de": "…", "en": "…"}``.
    """

    name: Named
    kind: Kind = "stamps"
    rule: dict[str, Any] = Field(default_factory=dict, examples=[{"stamps_needed": 10}])
    rewards: Annotated[list[NewReward], Field(max_length=20)] = Field(default_factory=list, examples=[[Reward]])
    extras: Annotated[list[dict[str, Any]], Field(max_length=19)] = Field(
        default_factory=list,
        examples=[[{"kind": "expiry", "what": "stamps", "months": 12}]],
    )
    pause_seconds: Pause = Field(default=0, description="at least this long between two stamps of a card")
    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)] | None = Field(
        default=None, description="of the join page; made from the name when absent"
    )


class ProgramChange(Body):
    """What is absent stays. ``rule``: fields that change; ``rewards`` add, rename or price; ``extras`` replace."""

    name: Named | None = None
    rule: dict[str, Any] | None = None
    rewards: Annotated[list[NewReward], Field(max_length=20)] | None = None
    extras: Annotated[list[dict[str, Any]], Field(max_length=19)] | None = None
    pause_seconds: Pause | None = Field(default=None, description="at least this long between two stamps of a card")
    closed: bool | None = Field(default=None, description="true: nobody can join any more; cards go on")

    @model_validator(mode="after")
    def _something(self) -> "ProgramChange":
        if not self.model_fields_set or all(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("send what is to change: name, rule, rewards, extras, pause_seconds or closed")
        return self

    @property
    def touches_rules(self) -> bool:
        return any(value is not None for value in (self.name, self.rule, self.rewards, self.extras))


class ProgramReward(BaseModel):
    id: str
    name: dict[str, str]


class ProgramOut(BaseModel):
    id: str
    name: str
    kind: str
    version: int
    sentence: dict[str, str]
    sentences: dict[str, list[str]]
    pause_seconds: int
    rule: dict[str, Any]
    rewards: list[ProgramReward]
    extras: list[dict[str, Any]]
    join: str
    closed: bool


class ProgramList(BaseModel):
    items: list[ProgramOut]
    next: str | None
