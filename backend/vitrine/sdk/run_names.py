"""Names for runs that people can tell apart and say aloud."""

from __future__ import annotations

import random
from datetime import UTC, datetime

ADJECTIVES = (
    "amber able airy bold brisk bright calm clear clever cool coral crisp dapper deft eager early fair fleet fresh frosty gentle glad "
    "golden grand green hardy honest humble ivory jolly keen kind lively loyal lucid lucky mellow merry misty neat nimble noble olive "
    "patient plain proud quick quiet rapid ready ruby russet sharp silver smooth snowy solid steady sunny swift tidy vivid warm wise witty"
)
NOUNS = (
    "acorn alder anchor arch aspen badger beacon beech birch bison brook canyon cedar cliff cloud comet crane creek dale delta dune "
    "eagle elm ember falcon fern field finch fjord forest fox garden glade grove harbor hawk heron hill island juniper lake lark larch "
    "lynx maple marten meadow mesa moor oak orchid otter owl pine plover quartz raven reef ridge river robin sparrow spruce stone summit "
    "thrush tide trail valley willow wren"
)


def name_run(pipeline: str, *, given: str | None) -> str:
    """The given name, in which {date} and {time} are filled in; else the pipeline's with two words."""
    if given:
        at = datetime.now(UTC)
        return given.replace("{date}", f"{at:%Y_%m_%d}").replace("{time}", f"{at:%H_%M_%S_%f}")
    choose = random.SystemRandom().choice  # a program that seeds its own numbers still gets different names
    return f"{pipeline}-{choose(ADJECTIVES.split())}-{choose(NOUNS.split())}"
