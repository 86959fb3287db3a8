"""For customers: the front door, the join page, the card's own page and what is known about its owner."""

from issuer.web.public import card, data, google, join, wishes
from issuer.web.public.front import blueprint

__all__ = ["blueprint", "card", "data", "google", "join", "wishes"]
