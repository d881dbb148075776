"""Every page of the dashboard: what its address looks like, and what shows it. The one table."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from vitrine_ui.pages.artifact import ArtifactPage
from vitrine_ui.pages.artifacts import ArtifactsPage
from vitrine_ui.pages.missing import MissingPage
from vitrine_ui.pages.overview import OverviewPage
from vitrine_ui.pages.pipeline import PipelinePage
from vitrine_ui.pages.pipelines import PipelinesPage
from vitrine_ui.pages.projects import ProjectsPage
from vitrine_ui.pages.run import RunPage
from vitrine_ui.pages.runs import RunsPage
from vitrine_ui.pages.settings import SettingsPage
from vitrine_ui.pages.snapshot import SnapshotPage
from vitrine_ui.pages.version import VersionPage
from vitrine_ui.widgets.element import Element

# First segments that are never a project.
RESERVED = frozenset({"settings", "api", "static", "auth", "reactpy", "health"})
SERVED_BY_OTHERS = RESERVED - {"settings"}


class Route(Struct, frozen=True):
    """`{…}` segments become arguments of the page, in order. `section` is the entry of the navigation that it belongs to."""

    path: str
    page: Callable[..., Element]
    section: str


ROUTES = (
    Route("/", ProjectsPage, "projects"),
    Route("/settings", SettingsPage, "settings"),
    Route("/{project}", OverviewPage, "overview"),
    Route("/{project}/runs", RunsPage, "runs"),
    Route("/{project}/runs/{id}", RunPage, "runs"),
    Route("/{project}/pipelines", PipelinesPage, "pipelines"),
    Route("/{project}/pipelines/{name}", PipelinePage, "pipelines"),
    Route("/{project}/snapshots/{id}", SnapshotPage, "pipelines"),
    Route("/{project}/artifacts", ArtifactsPage, "artifacts"),
    Route("/{project}/artifacts/{name}", ArtifactPage, "artifacts"),
    Route("/{project}/artifact-versions/{id}", VersionPage, "artifacts"),
)
MISSING = Route("", MissingPage, "")


class Match(Struct, frozen=True):
    """A page and what it is of. `project` is "" on pages that belong to none."""

    route: Route
    arguments: tuple[str, ...]
    project: str

    @property
    def key(self) -> str:
        """Pages of one key are the same page, whatever their query says."""
        return "\n".join((self.route.path, *self.arguments))


def match(segments: tuple[str, ...]) -> Match:
    """The page at these segments; the one that says so where there is none."""
    for route in ROUTES:
        parts = route.path.split("/")[1:] if route.path != "/" else []
        if len(parts) != len(segments):
            continue
        if all(part.startswith("{") or part == one for part, one in zip(parts, segments, strict=True)):
            arguments = tuple(one for part, one in zip(parts, segments, strict=True) if part.startswith("{"))
            is_of_project = "{project}" in parts
            if is_of_project and segments[0] in RESERVED:
                continue
            return Match(route, arguments, segments[0] if is_of_project else "")
    return Match(MISSING, (), "")
