"""What a browser says of itself: on which phone it stands, and whether another app shows the page inside of itself."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

# Names that the apps put into their User-Agent; Android's own mark of a page inside an app is "; wv)".
APPS = re.compile(
    r"Instagram|FBA[NV]|FB_IAB|Barcelona|Line/|TikTok|musical_ly|BytedanceWebview|Snapchat|Pinterest|LinkedInApp"
    r"|Twitter|MicroMessenger|GSA/|; wv\)"
)
CHROME = "com.android.chrome"


@dataclass(frozen=True)
class Visitor:
    """``phone``: ios, android or none. An iPad has no Wallet and counts as none."""

    phone: str
    inside_app: bool

    @property
    def takes_apple(self) -> bool:
        return self.phone == "ios" and not self.inside_app

    @property
    def takes_google(self) -> bool:
        return self.phone == "android" and not self.inside_app

    def ways(self, *, google: bool, sandbox: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """To keep a card: what this visitor sees at once, and what stays one tap away.

        :param google: cards go to Google Wallet too
        :param sandbox: there is a phone in the browser
        """
        there = {"apple": True, "google": google, "sandbox": sandbox, "page": True}
        if self.phone == "ios":
            first: tuple[str, ...] = ("apple",)
        elif self.phone == "android" and google:
            first = ("google",)
        elif sandbox:
            first = ("sandbox",)
        else:
            first = ("google", "apple") if google else ("page",)
        return first, tuple(way for way in ("sandbox", "page", "google", "apple") if there[way] and way not in first)


def visitor_of(agent: str) -> Visitor:
    """Who asks, from the User-Agent header."""
    if re.search("iPhone|iPod", agent):
        # Every browser of an iPhone calls itself Safari too; the window inside an app does not.
        return Visitor("ios", bool(APPS.search(agent)) or "Safari/" not in agent)
    return Visitor("android" if "Android" in agent else "none", bool(APPS.search(agent)))


def chrome_link(url: str) -> str:
    """The same page in Chrome on Android, from inside another app.

    :param url: absolute
    Source: developer.chrome.com, "Android Intents with Chrome".
    """
    parts = urlsplit(url)
    address = f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    back = quote(url, safe="")
    return f"intent://{address}#Intent;scheme={parts.scheme};package={CHROME};S.browser_fallback_url={back};end"
