"""The WSGI application for a server of your choice: `gunicorn wsgi:app`."""

import os

from issuer.settings import load_settings
from issuer.web import create_app

app = create_app(load_settings(os.environ))
