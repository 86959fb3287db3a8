"""The service account that writes to Google Wallet and signs the links to save a card, read once a process."""

from issuer.settings import Settings, SettingsRefused
from signing.google_account import Account, AccountRefused, read_account


def account_of(settings: Settings) -> Account | None:
    """Who signs for Google; ``None`` where there is no issuer.

    :raises SettingsRefused: the key file cannot be used
    """
    if settings.google is None:
        return None
    file = settings.google.service_account_file
    try:
        return read_account(file.read_bytes())
    except OSError as error:
        why = f"it cannot be read ({error.strerror}); name a key file that this process may read."
    except AccountRefused as refused:
        why = str(refused)
    raise SettingsRefused([f"GOOGLE_SERVICE_ACCOUNT_FILE is '{file}': {why}"])
