"""What stays while pages change: navigation, breadcrumb, live mark, and the case that the page stands in."""

from __future__ import annotations

from reactpy import component, html

from vitrine.access.structs import Me
from vitrine.projects.structs import ProjectDetail, ProjectItem
from vitrine_ui.address import api_path, page
from vitrine_ui.hooks import Live, Ready, on, use_load, use_session, use_url, use_value
from vitrine_ui.listing import Items
from vitrine_ui.routes import match
from vitrine_ui.text import middle_cut, plural, safe_text
from vitrine_ui.widgets.drawing import logo
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.islands import island

COUNTS_GAP_S = 3.0
LISTED_PROJECTS = 50
SECTIONS = (
    ("overview", "Overview", (), ""),
    ("runs", "Runs", ("runs",), "runs"),
    ("pipelines", "Pipelines", ("pipelines",), "pipelines"),
    ("artifacts", "Artifacts", ("artifacts",), "artifacts"),
)


@component
def Frame() -> Element:
    """The whole page."""
    return html.div(
        {"class": "app"},
        AddressBar(),
        Following(),
        html.a({"class": "skip", "href": "#content"}, "Skip to content"),
        Side(),
        Top(),
        Case(),
    )


@component
def AddressBar() -> Element:
    """The island that moves the browser where the session says, and says where the person moved it."""
    session = use_session()
    command = use_value(session.command, lambda now: now)
    title = use_value(session.place, lambda place: place.title)
    return island(
        "url",
        "UrlBridge",
        command_id=command.id,
        url=command.href,
        replace=command.replaces,
        title=f"{safe_text(title, limit=200)} · Vitrine" if title else "Vitrine",
        onLocation=session.arrive,
    )


@component
def Following() -> Element:
    """Whatever page of a project is open, the tab hears what changes in it."""
    project = use_url(lambda url: match(url.segments).project)
    return Live(api_path("projects", project, "live"), key=project) if project else None


@component
def Case() -> Element:
    """The page that the address names. A new one begins at its top."""
    found = use_url(lambda url: match(url.segments), is_first=True)
    return html.main(
        {"class": "case", "id": "content", "tabindex": "-1", "key": found.key},
        found.route.page(*found.arguments, key=found.key),
    )


# ── left ──────────────────────────────────────────────────────────────────────────────────────────
@component
def Side() -> Element:
    return html.aside({"class": "side"}, Navigation("side"))


@component
def Navigation(place: str) -> Element:
    """Project switch, sections, theme and user. `place` tells the two apart: beside the page, and a phone's menu."""
    return html.fragment(
        ProjectSwitch(place),
        Sections(),
        html.div(
            {"class": "nav low"},
            html.button(
                {"type": "button", "data-theme-choice": "", "aria-label": "Change the theme"},
                icon("sun"),
                html.span({"class": "wide"}),
            ),
            User(place),
        ),
    )


def use_projects() -> list[ProjectItem]:
    """The projects that one may see; none until they are known."""
    found = use_load(api_path("projects"), Items[ProjectItem], on("project"))
    return found.value.items if isinstance(found, Ready) else []


def use_project(items: list[ProjectItem]) -> str:
    """The project whose navigation is shown: the page's, else the first."""
    return use_url(lambda url: match(url.segments).project) or (items[0].slug if items else "")


@component
def Sections() -> Element:
    """The parts of the project, and what is not a project's."""
    project = use_project(use_projects())
    section = use_url(lambda url: match(url.segments).route.section)
    return html.nav(
        {"class": "nav", "aria-label": "Project"},
        ProjectSections(project, section, key=project) if project else None,
        _section("settings", "Settings", page("settings"), section == "settings"),
    )


def _section(symbol: str, label: str, href: str, is_open: bool, count: int | None = None) -> Element:
    attributes = {"href": href, "data-nav": "", "title": label}
    if is_open:
        attributes["aria-current"] = "page"
    shown = html.span({"class": "n"}, f"{count:,}") if count else None
    return html.a(attributes, icon(symbol), html.span({"class": "wide"}, label), shown)


@component
def ProjectSections(project: str, section: str) -> Element:
    """The parts of a project, with how much is in each."""
    counts = use_load(
        api_path("projects", project),
        ProjectDetail,
        on("run", "snapshot", "artifact_version", gap_s=COUNTS_GAP_S),
        lambda detail: detail.counts,
    )
    known = counts.value if isinstance(counts, Ready) else {}
    return html.fragment(
        [
            _section(name, label, page(project, *path), name == section, known.get(count))
            for name, label, path, count in SECTIONS
        ]
    )


@component
def ProjectSwitch(place: str) -> Element:
    items = use_projects()
    project = use_project(items)
    named = next((one.name for one in items if one.slug == project), project)
    menu = f"{place}-projects"
    return html.div(
        {"class": "switcher"},
        html.button(
            {
                "type": "button",
                "class": "project",
                "popovertarget": menu,
                "aria-label": f"Project {safe_text(named)}",
            },
            html.span({"class": "glyph"}, safe_text(named)[:2].title()) if project else logo(),
            html.span({"class": "grow wide cut"}, middle_cut(named, length=24) if project else "Vitrine"),
            html.span({"class": "wide t3"}, icon("down", small=True)),
        ),
        html.div(
            {"class": "menu projects", "popover": "auto", "id": menu},
            [_project(one, is_open=one.slug == project) for one in items[:LISTED_PROJECTS]],
            html.hr(),
            html.a({"href": page(), "data-nav": ""}, icon("overview"), "All projects"),
        ),
    )


def _project(one: ProjectItem, *, is_open: bool) -> Element:
    attributes = {"href": page(one.slug), "data-nav": ""}
    if is_open:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "glyph"}, safe_text(one.name)[:2].title()),
        html.span({"class": "cut"}, safe_text(one.name)),
        html.span({"class": "key nw"}, plural(one.runs, "run")),
    )


@component
def User(place: str) -> Element:
    me = use_load(api_path("me"), Me)
    name = safe_text(me.value.name) if isinstance(me, Ready) else ""
    menu = f"{place}-user"
    return html.div(
        {"class": "switcher"},
        html.button(
            {"type": "button", "class": "user", "popovertarget": menu, "aria-label": f"Signed in as {name}"},
            html.span({"class": "avatar"}, initials(name)),
            html.span({"class": "wide cut"}, name),
        ),
        html.div(
            {"class": "menu account", "popover": "auto", "id": menu},
            html.a({"href": page("settings"), "data-nav": ""}, icon("key"), "Profile and tokens"),
            html.hr(),
            html.form(
                {"method": "post", "action": page("auth", "sign-out")},
                html.button({"type": "submit"}, icon("out"), "Sign out"),
            ),
        ),
    )


def initials(name: str) -> str:
    """`AO` of Amara Osei, `AD` of admin."""
    words = name.replace("@", " ").replace(".", " ").replace("-", " ").split()
    if not words:
        return ""
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()


# ── top ───────────────────────────────────────────────────────────────────────────────────────────
@component
def Top() -> Element:
    return html.header(
        {"class": "top"},
        html.button(
            {
                "type": "button",
                "class": "btn ghost icon phone",
                "popovertarget": "phone-menu",
                "aria-label": "Menu",
            },
            icon("menu"),
        ),
        html.div({"class": "menu sheet", "popover": "auto", "id": "phone-menu"}, Navigation("phone")),
        Breadcrumb(),
        html.span({"class": "live end", "role": "status"}),
    )


@component
def Breadcrumb() -> Element:
    crumbs = use_value(use_session().place, lambda place: place.crumbs)
    *path, last = crumbs or (("", ""),)
    return html.nav(
        {"class": "crumbs", "aria-label": "Breadcrumb"},
        [_crumb(name, href) for name, href in path],
        html.span({"class": "cut", "aria-current": "page", "title": safe_text(last[0])}, safe_text(last[0])),
    )


def _crumb(name: str, href: str) -> Element:
    return html.fragment(
        html.a({"class": "plain desk", "href": href, "data-nav": ""}, middle_cut(name, length=32)),
        html.span({"class": "desk"}, icon("right", small=True)),
    )
