"""`/settings`: who one is, and the tokens that programs sign in with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from reactpy import component, html, use_state

from vitrine.access.structs import CreatedToken, Me, NewToken, TokenItem
from vitrine.errors import VitrineError
from vitrine_ui.address import api_path
from vitrine_ui.hooks import loaded, use_handler, use_once, use_place, use_session
from vitrine_ui.listing import Items
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import button, copy_button
from vitrine_ui.widgets.code import command
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts, note
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.islands import island
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import failing, loading_lines, loading_rows, nothing
from vitrine_ui.widgets.table import Column, table

DAY_S = 86_400
LIVES = (("30 days", 30 * DAY_S), ("90 days", 90 * DAY_S), ("1 year", 365 * DAY_S), ("No end", None))
ROLES = (("viewer", "Viewer", "reads"), ("admin", "Admin", "reads, writes, changes"))
TOKENS = api_path("tokens")
COLUMNS = (
    Column("Name"),
    Column("Role"),
    Column("Project", class_="desk"),
    Column("Made", is_number=True, class_="desk"),
    Column("Last used", is_number=True, class_="desk"),
    Column("Ends", is_number=True),
    Column("", is_number=True),
)


@component
def SettingsPage() -> Element:
    use_place("Settings", ("Settings", ""))
    return html.div(
        html.div({"class": "head ruled-below"}, html.h1("Settings")),
        html.div({"class": "body narrow"}, Profile(), Tokens()),
    )


# ── who ───────────────────────────────────────────────────────────────────────────────────────────
@component
def Profile() -> Element:
    return html.section(
        html.h2("Profile"),
        loaded(
            api_path("me"),
            Me,
            lambda me: facts(
                (
                    ("Signed in as", html.b(safe_text(me.name))),
                    ("Rights", "Administrator of this server" if me.is_admin else "Member"),
                    ("Projects", ", ".join(safe_text(one) for one in me.projects) or "none yet"),
                )
            ),
            waiting=lambda: loading_lines(3),
            failing=failing("Your profile could not be loaded"),
        ),
    )


# ── tokens ────────────────────────────────────────────────────────────────────────────────────────
@component
def Tokens() -> Element:
    made, set_made = use_state(None)
    round_, set_round = use_state(0)

    def changed(created: CreatedToken | None) -> None:
        set_made(lambda _: created)
        set_round(lambda now: now + 1)

    return html.section(
        html.h2("Tokens"),
        html.p(
            {"class": "t2"},
            "A program signs in with a token: pipelines on other machines, schedulers, notebooks. Each can be taken back on its own.",
        ),
        NewTokenForm(changed),
        Created(made) if made is not None else None,
        TokenList(changed, key=f"list {round_}"),
    )


@component
def NewTokenForm(changed: Any) -> Element:
    session = use_session()
    name, set_name = use_state("")
    role, set_role = use_state("viewer")
    life, set_life = use_state(0)
    problem, set_problem = use_state("")
    typed = use_once(lambda: [""])

    def type_name(event: dict[str, Any]) -> None:
        typed[0] = str(event.get("value", "")).strip()
        set_name(typed[0])
        set_problem("")

    async def create(event: dict[str, Any]) -> None:
        if not typed[0]:
            set_problem("Give it a name that says who will use it.")
            return
        wanted = NewToken(name=typed[0], role=role, expires_in_s=LIVES[life][1])
        try:
            created = await session.api.post(TOKENS, wanted, CreatedToken)
        except VitrineError as error:
            set_problem(error.detail)
            return
        type_name({})
        changed(created)

    return html.div(
        {"class": "form"},
        _name_field(name, problem, type_name),
        _picks("Role", [(label, about, one) for one, label, about in ROLES], role, set_role),
        _picks("Ends after", [(label, "", index) for index, (label, _) in enumerate(LIVES)], life, set_life),
        button(
            "Create token", use_handler("create-token", create), symbol="plus", look="primary", mutates=True
        ),
    )


def _name_field(name: str, problem: str, type_name: Callable[[dict[str, Any]], None]) -> Element:
    field = island(
        "input",
        "Input",
        value=name,
        label="Name of the token",
        placeholder="nightly scheduler",
        invalid=safe_text(problem) or None,
        onValue=type_name,
    )
    return html.div({"class": "field wide-field"}, html.span({"class": "label"}, "Name"), field)


def _picks(
    title: str, choices: list[tuple[str, str, Any]], picked: Any, pick: Callable[[Any], None]
) -> Element:
    """One of a few; each is (label, what it means, value)."""
    buttons = [
        _pick(label, about, value == picked, partial(_set, pick, value)) for label, about, value in choices
    ]
    return html.div(
        {"class": "field"},
        html.span({"class": "label"}, title),
        html.div({"class": "seg", "role": "group", "aria-label": title}, buttons),
    )


def _set(pick: Callable[[Any], None], value: Any, event: dict[str, Any]) -> None:
    pick(value)


def _pick(label: str, about: str, is_picked: bool, press: Callable[..., None]) -> Element:
    attributes = {
        "type": "button",
        "aria-pressed": "true" if is_picked else "false",
        "title": about,
        "key": label,
    }
    return html.button({**attributes, "onClick": press}, label)


@component
def Created(created: CreatedToken) -> Element:
    return note(
        "",
        html.b(f"{safe_text(created.item.name)} is ready. This is the only time that it is shown."),
        html.div(
            {"class": "row once"},
            html.code({"class": "anywhere"}, created.token),
            copy_button(created.token, label="Copy token", look="", says_label=True),
        ),
        html.p({"class": "small t2"}, "On the other machine:"),
        command(f"export VITRINE_TOKEN={created.token}"),
    )


@component
def TokenList(changed: Any) -> Element:
    return loaded(
        TOKENS,
        Items[TokenItem],
        lambda found: (
            table(COLUMNS, [_row(one, changed) for one in found.items], label="Tokens")
            if found.items
            else nothing(
                "No tokens yet. On this machine none is needed: `vitrine up` lets local programs in."
            )
        ),
        waiting=lambda: loading_rows(3),
        failing=failing("The tokens could not be loaded"),
    )


def _row(one: TokenItem, changed: Any) -> list[Element]:
    return [
        html.span(
            {"class": "row"}, icon("key", small=True), html.span({"class": "name cut"}, safe_text(one.name))
        ),
        safe_text(one.role),
        safe_text(one.project) or "all",
        moment(one.created_at),
        moment(one.last_used_at, missing="never"),
        moment(one.expires_at, missing="no end"),
        Revoke(one, changed, key=f"revoke {one.id}"),
    ]


@component
def Revoke(one: TokenItem, changed: Any) -> Element:
    """Asks once; the second press does it."""
    session = use_session()
    asks, set_asks = use_state(False)
    problem, set_problem = use_state("")

    async def revoke(event: dict[str, Any]) -> None:
        if not asks:
            set_asks(True)
            return
        try:
            await session.api.delete(f"{TOKENS}/{one.id}")
        except VitrineError as error:
            set_problem(error.detail)
            return
        changed(None)

    if problem:
        return html.span({"class": "small bad"}, safe_text(problem))
    return html.span(
        {"class": "row end"},
        button("Keep", lambda _: set_asks(False), look="ghost") if asks else None,
        button(
            "Revoke: its programs stop" if asks else "Revoke",
            use_handler(f"revoke-{one.id}", revoke),
            symbol="trash" if asks else "",
            look="danger" if asks else "ghost",
            mutates=True,
        ),
    )
