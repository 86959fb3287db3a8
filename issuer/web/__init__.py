"""The faces: everything that speaks HTTP. Views read a request, call one function, shape the answer."""

from pathlib import Path
from typing import Any

from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import Info, OpenAPI
from flask_openapi3.models import SecurityScheme, Server
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from issuer.clock import Clock
from issuer.database import make_engine
from issuer.google_account import account_of
from issuer.keys import keys_of
from issuer.settings import Settings
from issuer.web import (
    apple,
    console,
    google,
    guards,
    headers,
    health,
    limits,
    pictures,
    problems,
    public,
    till_calls,
    wording,
)
from issuer.web.api import api, docs, invalid
from issuer.web.context import House

TEMPLATES = Path(__file__).parents[2] / "templates"
LARGEST_BODY = 1024 * 1024


class Json(DefaultJSONProvider):
    """JSON whose nesting nobody can use is as malformed as any other."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def create_app(settings: Settings) -> OpenAPI:
    """The WSGI application for these settings.

    :raises issuer.settings.SettingsRefused: Google's key file cannot be used
    """
    app, account = _bare_app(settings), account_of(settings)
    app.extensions["treuepass"] = House(
        settings, make_engine(settings.database_url), keys_of(settings), Clock(settings.clock_offset), account
    )
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    limits.install(app, settings)
    for part in (guards.enforce, problems.install, headers.install, wording.install, _add_faces):
        part(app)
    return app


def _bare_app(settings: Settings) -> OpenAPI:
    app = OpenAPI(
        "issuer.web",
        template_folder=str(TEMPLATES),
        static_folder=str(Path(__file__).parent / "static"),
        info=Info(title="treuepass API", version="1", description="Loyalty cards and their ledger, for tills."),
        servers=[Server(url=f"{settings.public_url}")],
        security_schemes={"key": SecurityScheme(type="http", scheme="bearer")},
        validation_error_callback=invalid,
        validation_error_model=docs.ProblemOut,
        doc_ui=False,
    )
    app.json = Json(app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="treuepass",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    return app


def _add_faces(app: OpenAPI) -> None:
    csrf = CSRFProtect(app)
    for machine_face in (api, apple.blueprint, google.blueprint):
        csrf.exempt(machine_face)
    app.register_api(api)
    for face in (apple, console, docs, google, health, pictures, public, till_calls):
        app.register_blueprint(face.blueprint)
