"""How strict the sandbox's Google is just now. The defaults are what Google documents."""

from dataclasses import asdict, dataclass, replace

from sandbox.apns import ScriptRefused


@dataclass(frozen=True)
class GoogleSettings:
    """`rate`: calls a second (FAQ); `token_seconds`: a token's life; `notifications`: a day, per pass.

    `merchant_locations`: the issuer is allowlisted for them. `callbacks`: how often each is delivered: 0 is the
    silence that was reported, 2 the duplicates that are documented.
    """

    rate: int = 20
    token_seconds: int = 3600
    notifications: int = 3
    merchant_locations: bool = False
    callbacks: int = 1


def changed(settings: GoogleSettings, wanted: object) -> GoogleSettings:
    """The settings with some of them changed. Raises ScriptRefused with one sentence."""
    known = asdict(settings)
    if not isinstance(wanted, dict) or not wanted.keys() <= known.keys():
        raise ScriptRefused(f"Send an object with some of {', '.join(known)}.")
    for name, value in wanted.items():
        if type(value) is not type(known[name]) or value < 0:
            kind = "true or false" if isinstance(known[name], bool) else "a whole number, 0 or more"
            raise ScriptRefused(f"{name} is {kind}, not {value!r}.")
    return replace(settings, **wanted)
