"""Arrows between packages, as docs/architecture.md draws them."""

import ast
from pathlib import Path

import pytest

from tests.structure.source import PACKAGES, ROOT, Import, imports, names_used, python, tree

WEB, MIGRATIONS = Path("issuer/web"), Path("issuer/migrations")
# What a package may import of ours, and what of others' it must not know.
OURS = {
    "passes": {"passes"},
    "signing": {"signing"},
    "issuer": {"issuer", "passes", "signing"},
    "web": {"issuer", "passes", "signing"},
    "worker": {"worker", "issuer", "passes", "signing"},
    "sandbox": {"sandbox"},
}
RULES, OFFERS = Path("issuer/rules"), Path("issuer/offers")
HTTP_OUT = {"pycurl", "requests", "httpx", "urllib.request", "urllib3", "http.client", "socket", "aioapns"}
QUEUES = {"celery", "kombu", "redis", "valkey"}
WEB_MAKERS = {"flask", "werkzeug", "flask_wtf", "flask_openapi3"}
NOT_THEIRS = {
    "passes": WEB_MAKERS | QUEUES | HTTP_OUT | {"sqlalchemy", "psycopg", "cryptography", "os", "time"},
    "signing": WEB_MAKERS | QUEUES | HTTP_OUT | {"sqlalchemy", "psycopg", "wallet", "os", "time"},
    "issuer": WEB_MAKERS | QUEUES | HTTP_OUT | {"pydantic", "gunicorn"},
    "web": QUEUES | HTTP_OUT | {"subprocess", "gunicorn"},
    "worker": WEB_MAKERS | {"gunicorn"},
    "sandbox": QUEUES | {"sqlalchemy", "psycopg"},
}


def files_of(package: str) -> list[Path]:
    """The root of ``issuer`` and its web part are packages of their own here."""
    if package == "web":
        return python("issuer/web")
    return [path for path in python(package) if WEB not in path.parents and MIGRATIONS not in path.parents]


def _within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _all_imports(package: str) -> list[Import]:
    found = [one for path in files_of(package) for one in imports(path)]
    assert found, f"{package} imports nothing at all: is it still there?"
    return found


@pytest.mark.parametrize("package", OURS)
def test_a_package_imports_of_ours_only_what_lies_below_it(package: str) -> None:
    ours = set(PACKAGES) | {"tests", "benchmarks", "wsgi"}
    wrong = [one for one in _all_imports(package) if one.module.split(".")[0] in ours - OURS[package]]
    assert not wrong, "\n".join(map(str, wrong))


def _checks_rules(one: Import) -> bool:
    """A rule is checked by its own types, and whoever says why one was not taken reads their errors."""
    by_types = {RULES, OFFERS} & set(one.path.parents) or one.path == Path("issuer/objections.py")
    return bool(by_types) and _within(one.module, {"pydantic", "pydantic_core"})


@pytest.mark.parametrize("package", NOT_THEIRS)
def test_a_package_does_not_know_what_is_none_of_its_business(package: str) -> None:
    wrong = [
        one for one in _all_imports(package) if _within(one.module, NOT_THEIRS[package]) and not _checks_rules(one)
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("package", ["issuer", "worker"])
def test_only_the_faces_know_the_faces(package: str) -> None:
    wrong = [one for one in _all_imports(package) if _within(one.module, {"issuer.web"})]
    assert not wrong, "\n".join(map(str, wrong))


def test_nobody_imports_the_command_and_only_it_and_tests_the_sandbox() -> None:
    for path in python():
        top = path.parts[0]
        for one in imports(path):
            assert not _within(one.module, {"cli"}) or top in ("cli", "tests", "benchmarks"), one
            assert not _within(one.module, {"sandbox"}) or top in ("cli", "sandbox", "tests", "benchmarks"), one
            assert not _within(one.module, {"tests", "benchmarks"}) or top in ("tests", "benchmarks"), one


def test_the_root_of_the_business_imports_nothing_by_itself() -> None:
    assert not list(imports(Path("issuer/__init__.py")))


def test_the_environment_is_read_in_one_place() -> None:
    """The command and the WSGI module hand it on as a whole; nobody looks into it but the settings."""
    hand_on = {"wsgi.py", "cli"}
    for path in [*(file for package in PACKAGES for file in python(package)), Path("wsgi.py")]:
        for line, name in names_used(path):
            if name.startswith(("os.environ", "os.getenv")):
                assert path.parts[0] in hand_on, f"{path}:{line} reads the environment"
                assert name == "os.environ", f"{path}:{line} looks into the environment: only issuer/settings.py does"
        assert not [one for one in imports(path) if one.module in ("os.environ", "os.getenv")], path


@pytest.mark.parametrize("package", ["passes", "signing", "issuer", "web", "worker"])
def test_the_time_is_told_and_not_looked_up(package: str) -> None:
    clocks = {Path("issuer/clock.py"), Path("issuer/settings.py")}
    asked = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today")
    for path in set(files_of(package)) - clocks:
        for line, name in names_used(path):
            assert name not in asked, f"{path}:{line} looks at a clock: take `now` as an argument"


def test_only_views_tasks_and_commands_end_a_transaction() -> None:
    allowed = {Path("issuer/database.py"), Path("issuer/migrating.py")}
    for path in set(files_of("issuer")) - allowed:
        for line, name in names_used(path):
            assert not name.endswith((".commit", ".rollback")), f"{path}:{line} ends its caller's transaction"


def test_no_message_is_the_only_record_of_work() -> None:
    for path in [*python("issuer"), *python("worker"), *python("cli")]:
        for line, name in names_used(path):
            assert not name.endswith((".delay", ".apply_async")), f"{path}:{line}: messages are hints, sent by name"


def _sent() -> list[str]:
    """Names of tasks that somebody asks for."""
    found = []
    for path in [*python("worker"), *python("cli"), *python("issuer")]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send_task":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno} sends a name that is made up late"
                found.append(str(node.args[0].value))
            elif isinstance(node, ast.Dict):
                found += [
                    str(value.value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "task" and isinstance(value, ast.Constant)
                ]
    return found


def _handled() -> list[str]:
    return [
        str(keyword.value.value)
        for path in python("worker")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "task"
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    ]


def test_every_message_has_exactly_one_handler() -> None:
    handled = _handled()
    assert len(handled) == len(set(handled)), "two handlers for one message"
    assert set(_sent()) == set(handled)
    assert {"push_apple", "tidy", "canary"} <= set(handled)


def test_the_borders_are_those_of_every_package_there_is() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - {"tests", "benchmarks"} == set(PACKAGES)
