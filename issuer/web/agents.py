"""What browsers say of themselves, in two words that their owner recognises."""

# Most browsers also claim to be the ones before them, so the first name found counts.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


def device_words(user_agent: str) -> str | None:
    """ "Chrome, Windows" for a User-Agent (RFC 9110, 10.1.5); ``None`` when it names nothing we know.

    The string itself is not kept: it tells more about a person than they need to recognise a device.
    """
    words = [_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)]
    return ", ".join(word for word in words if word) or None


def _first(names: dict[str, str], user_agent: str) -> str | None:
    return next((word for mark, word in names.items() if mark in user_agent), None)
