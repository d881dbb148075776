"""The first steps of every breadcrumb."""

from __future__ import annotations

from vitrine_ui.address import page


def to_project(project: str) -> tuple[str, str]:
    return project, page(project)


def to_runs(project: str) -> tuple[str, str]:
    return "Runs", page(project, "runs")


def to_pipelines(project: str) -> tuple[str, str]:
    return "Pipelines", page(project, "pipelines")


def to_artifacts(project: str) -> tuple[str, str]:
    return "Artifacts", page(project, "artifacts")
