"""Every route of the server and of the dashboard says who may use it, and the list of what everybody may is short."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.features.test_permissions import PUBLIC, walk

from vitrine.app import FEATURES, Application, create_app
from vitrine.settings import Settings
from vitrine_ui.app import build_dashboard

PAGES = {"/", "/{path:path}", "/static/{tree:str}/{name:path}"}


@pytest.fixture(scope="module")
def whole_app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    folder = tmp_path_factory.mktemp("whole")
    settings = Settings(
        database_url="", store=Path(folder), data_dir=Path(folder), origins=("http://testserver",)
    )
    return create_app(settings, dashboard=build_dashboard(settings))


def test_what_everybody_may_see_is_known(whole_app: Application) -> None:
    assert {path for _, path, permission in walk(whole_app) if permission == "public"} <= PUBLIC | PAGES


def test_every_feature_is_served(whole_app: Application) -> None:
    served = {path for _, path, _ in walk(whole_app)}
    for feature in ("runs", "pipelines", "artifacts", "events", "live", "metadata/keys"):
        assert any(path.startswith(f"/api/v1/projects/{{project:str}}/{feature}") for path in served), feature
    assert sum(len(feature.ROUTES) for feature in FEATURES) > 20


def test_reading_never_needs_more_than_the_right_to_read(whole_app: Application) -> None:
    for method, path, permission in walk(whole_app):
        if path.startswith("/api/v1/projects/{project:str}"):
            assert permission == ("project:read" if method == "GET" else permission), (method, path)
            assert permission != "signed-in", (method, path)
            if method != "GET":
                assert permission in ("project:write", "project:admin") or path.endswith(
                    ("/query", "/search")
                ), (method, path)
