"""`/{project}/artifact-versions/{id}`: one version of an artifact: pictures of it, its metadata, files and uses."""

from __future__ import annotations

from reactpy import component, html

from vitrine.artifacts.structs import ArtifactFile, ArtifactVersionDetail, Use
from vitrine.runs.structs import RunMention, plain
from vitrine_ui.address import Url, api, api_path, page
from vitrine_ui.figures import size
from vitrine_ui.hooks import loaded, on, use_place, use_url
from vitrine_ui.pages.crumbs import to_artifacts, to_project
from vitrine_ui.pages.version_views import VersionViews
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import button_link, copy_button, link
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts, tag_list
from vitrine_ui.widgets.icon import artifact_icon, icon
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import bar, failing_page, loading_rows, nothing
from vitrine_ui.widgets.table import Column, table
from vitrine_ui.widgets.tabs import Tab, tabs
from vitrine_ui.widgets.values import ValueTable

TABS = ("visualizations", "metadata", "files", "used-by")
FILE_COLUMNS = (Column("File"), Column("Size", is_number=True), Column("SHA-256", class_="desk"))
USE_COLUMNS = (Column("Run"), Column("Step"), Column("As input"), Column("When", is_number=True))


def tab_of(url: Url) -> str:
    tab = url.get("tab", "visualizations")
    return tab if tab in TABS else "visualizations"


@component
def VersionPage(project: str, id_: str) -> Element:
    use_place("Artifact", to_project(project), to_artifacts(project), (id_[:8], ""))
    return loaded(
        api_path("projects", project, "artifact-versions", id_),
        ArtifactVersionDetail,
        lambda found: Version(project, found),
        waiting=_waiting,
        failing=failing_page(
            "This artifact could not be loaded",
            gone="This artifact version is gone, or never was here",
            why="It was deleted, belongs to another project, or its address is not complete.",
            up=("All artifacts", page(project, "artifacts")),
        ),
        watch=on("artifact_version", "step", "metadata", gap_s=2.0),
    )


@component
def Version(project: str, found: ArtifactVersionDetail) -> Element:
    name = f"{found.artifact} {found.number}"
    own = (found.artifact, page(project, "artifacts", found.artifact))
    use_place(name, to_project(project), to_artifacts(project), own, (f"Version {found.number}", ""))
    url = use_url(lambda url: url)
    tab = tab_of(url)
    metadata = plain(found.metadata) or {}
    return html.div(
        {"class": "fill"},
        _head(project, found),
        _tabs(url, tab, found, len(metadata)),
        _strip(project, found),
        _part(project, found, tab, metadata),
    )


def _head(project: str, found: ArtifactVersionDetail) -> Element:
    return html.div(
        {"class": "head"},
        html.div(
            {"class": "grow"},
            html.div(
                {"class": "row"},
                html.h1({"class": "cut", "title": safe_text(found.artifact)}, safe_text(found.artifact)),
                html.span({"class": "number"}, str(found.number)),
                html.span({"class": "t3 cut"}, safe_text(found.name)) if found.name else None,
                html.span({"class": "row desk tags"}, tag_list(found.tags[:5])),
            ),
            html.p({"class": "sub cut"}, list(_about(found))),
        ),
        html.span(
            {"class": "row desk"},
            button_link(
                f"Version {found.number} of {found.newest_number}",
                page(project, "artifacts", found.artifact),
                symbol="artifacts",
            ),
        ),
        button_link(
            "Download",
            api("projects", project, "artifact-versions", found.id, "content"),
            symbol="download",
            look="primary",
            leaves=True,
        )
        if found.files
        else None,
    )


def _about(found: ArtifactVersionDetail) -> list[Element]:
    parts: list[Element] = [safe_text(found.data_type).rpartition(".")[2] or safe_text(found.type)]
    parts.append(
        size(found.size_bytes) if found.files else html.span({"class": "mono"}, safe_text(found.uri))
    )
    parts.append(
        html.span(
            "written ", moment(found.created_at), f" by {safe_text(found.user)}" if found.user else None
        )
    )
    return [piece for part in parts for piece in (" · ", part)][1:]


def _tabs(url: Url, tab: str, found: ArtifactVersionDetail, metadata: int) -> Element:
    def choice(name: str, label: str, count: int | None) -> Tab:
        return Tab(name, label, url.with_query(tab=None if name == TABS[0] else name).href, count)

    return tabs(
        (
            choice("visualizations", "Visualizations", len(found.visualizations) + found.has_table or None),
            choice("metadata", "Metadata", metadata or None),
            choice("files", "Files", len(found.files) or None),
            choice("used-by", "Used by", len(found.used_by) or None),
        ),
        tab,
        label="Parts of the artifact",
    )


# ── where it comes from, where it goes ────────────────────────────────────────────────────────────
def _strip(project: str, found: ArtifactVersionDetail) -> Element:
    this = _card(
        "This version",
        f"{safe_text(found.artifact)} {found.number}",
        "",
        artifact_icon(found.type, found.data_type),
        is_here=True,
    )
    before: list[Element] = []
    if found.produced_by and found.produced_by_step:
        to_step = page(project, "runs", found.produced_by.id, step=found.produced_by_step)
        before = [_card(_called(found.produced_by), found.produced_by_step, to_step, icon("step")), _arrow()]
    elif not found.produced_by:
        before = [
            _card("no run wrote it", "Saved by hand" if found.files else "External", "", icon("out")),
            _arrow(),
        ]
    return html.nav({"class": "strip", "aria-label": "Origin and use"}, before, this, _uses(project, found))


def _uses(project: str, found: ArtifactVersionDetail) -> list[Element]:
    if not found.used_by:
        return [html.span({"class": "small t3 nw"}, "Used by no step yet")]
    first = found.used_by[0]
    runs = len({use.run.id for use in found.used_by})
    about = _called(first.run) if runs == 1 else f"in {runs} runs"
    return [
        _arrow(),
        _card(about, first.step, page(project, "runs", first.run.id, step=first.step), icon("step")),
    ] + (
        [html.span({"class": "small t3 nw"}, f"and {len(found.used_by) - 1} more")]
        if len(found.used_by) > 1
        else []
    )


def _called(run: RunMention) -> str:
    return (
        f"{safe_text(run.name, limit=60)} #{run.number}"
        if run.number is not None
        else safe_text(run.name, limit=60)
    )


def _card(about: str, title: str, href: str, symbol: Element, *, is_here: bool = False) -> Element:
    inner = (
        html.span({"class": "t3"}, symbol),
        html.span(
            html.span({"class": "name nw blk"}, safe_text(title, limit=60)),
            html.span({"class": "tiny t3 nw"}, about),
        ),
    )
    if not href:
        return html.span({"class": "card step-card here" if is_here else "card step-card"}, inner)
    return html.a({"class": "card step-card", "href": href, "data-nav": ""}, inner)


def _arrow() -> Element:
    return html.svg(
        {"class": "arrow", "width": 28, "height": 8, "aria-hidden": "true"},
        html.svg.path({"d": "M0 4h24m-4-3 4 3-4 3"}),
    )


# ── the parts ─────────────────────────────────────────────────────────────────────────────────────
def _part(project: str, found: ArtifactVersionDetail, tab: str, metadata: dict[str, object]) -> Element:
    if tab == "visualizations":
        return html.div({"class": "fill", "key": tab}, VersionViews(project, found))
    body = {
        "metadata": lambda: _metadata(found, metadata),
        "files": lambda: _files(found.files, found.uri),
        "used-by": lambda: _used_by(project, found.used_by),
    }[tab]()
    return html.div({"class": "scroll", "key": tab}, body)


def _metadata(found: ArtifactVersionDetail, metadata: dict[str, object]) -> Element:
    hint = html.fragment(
        nothing("Nothing yet. A step logs to what it returns by calling"),
        code_block('log_artifact_metadata({"rows": 48_210})', numbered=False),
    )
    return html.div(
        {"class": "body columns-of"},
        html.section(html.h2("Logged"), ValueTable(metadata) if metadata else hint),
        html.section(html.h2("About"), _about_it(found)),
    )


def _about_it(found: ArtifactVersionDetail) -> Element:
    def code(text: str | None) -> Element:
        return html.code({"class": "anywhere"}, safe_text(text)) if text else None

    return facts(
        (
            ("Type", safe_text(found.type)),
            ("Data type", code(found.data_type)),
            ("Materializer", code(found.materializer)),
            ("Output", code(found.output)),
            ("Where", code(found.uri)),
            ("Id", html.span({"class": "row"}, code(str(found.id)), copy_button(str(found.id)))),
        )
    )


def _files(files: list[ArtifactFile], uri: str | None) -> Element:
    if not files:
        said = f"The data stay where they are: {safe_text(uri)}" if uri else "This version has no files."
        return html.div({"class": "body"}, nothing(said))
    rows = [
        (
            html.span({"class": "mono anywhere"}, safe_text(one.path)),
            html.span({"title": f"{one.size_bytes:,} bytes"}, size(one.size_bytes)),
            html.span({"class": "mono t3", "title": one.sha256}, one.sha256[:16]),
        )
        for one in files
    ]
    return table(FILE_COLUMNS, rows, label="Files")


def _used_by(project: str, uses: list[Use]) -> Element:
    if not uses:
        return html.div({"class": "body"}, nothing("No step has taken this version as an input yet."))
    rows = [
        (
            link(_called(one.run), page(project, "runs", one.run.id), class_="plain name"),
            link(one.step, page(project, "runs", one.run.id, step=one.step), class_="plain"),
            html.code(safe_text(one.input)),
            moment(one.at),
        )
        for one in uses
    ]
    return table(USE_COLUMNS, rows, label=f"Used by {plural(len(uses), 'step')}")


def _waiting() -> Element:
    return html.div(
        {"class": "fill"},
        html.div(
            {"class": "head", "aria-busy": "true"},
            html.div(
                {"class": "grow"},
                html.div({"class": "skel-title"}, bar("240px")),
                html.div({"class": "skel-sub"}, bar("320px")),
            ),
        ),
        html.div({"class": "tabs", "aria-hidden": "true"}, html.span("Visualizations")),
        html.div({"class": "strip"}, html.span({"class": "card step-card"}, bar("140px"))),
        loading_rows(8),
    )
