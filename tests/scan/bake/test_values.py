"""What expressions of bake files come to."""

from __future__ import annotations

import pytest

from prewarm.scan.bake.definitions import Definitions
from prewarm.scan.bake.evaluate import Unknown
from prewarm.scan.bake.targets import Bakery
from prewarm.scan.reader import Document

_FUNCTIONS = """
function "tag" {
  params = [name]
  variadic_params = rest
  result = join("-", concat([name], rest))
}
function "forever" {
  params = [x]
  result = forever(x)
}
variable "N" { default = 3 }
variable "F" { default = 1.50 }
variable "B" { default = false }
variable "E" {}
variable "LOOP" { default = LOOP }
"""


@pytest.mark.parametrize(
    ("expression", "environment", "expected"),
    [
        ('"a-${N + 1}"', {}, "a-4"),
        ('"${N}"', {"N": "7"}, "7"),
        ("F", {}, "1.5"),
        ('B ? "t" : "f"', {"B": "true"}, "t"),
        ('"<${E}>"', {}, "<>"),
        ('tag("a", "b", "c")', {}, "a-b-c"),
        ('!B && N >= 3 ? "y" : "n"', {}, "y"),
        ('"${-N}"', {}, "-3"),
        ("N % 2", {}, "1"),
        ("7 / 2", {}, "3.5"),
        ('format("%s-%02d%%", "x", 3)', {}, "x-03%"),
        ('format("%v %q", true, "x")', {}, 'true "x"'),
        ('join(",", compact(["a", "", "b"]))', {}, "a,b"),
        ('join(",", distinct(flatten([["a"], ["b", ["a"]]])))', {}, "a,b"),
        ('regex_replace("v1.2.3", "^v([0-9]+).*", "$1")', {}, "1"),
        ('substr("abcdef", 1, 3)', {}, "bcd"),
        ('coalesce(null, "c")', {}, "c"),
        ('lookup({ a = "1" }, "b", "2")', {}, "2"),
        ('element(["p", "q"], 3)', {}, "q"),
        ('sanitize("a.b/c")', {}, "a_b_c"),
        ('trimprefix("v1", "v")', {}, "1"),
        ('replace("a.b", ".", "-")', {}, "a-b"),
    ],
)
def test_known(expression: str, environment: dict[str, str], expected: str) -> None:
    assert _argument(expression, environment) == expected


@pytest.mark.parametrize(
    "expression",
    ["timestamp()", "GONE", "LOOP", 'forever("x")', 'join(",", 1)', "[for x in [1] : x]", "1 / 0"],
)
def test_unknown(expression: str) -> None:
    assert isinstance(_argument(expression, {}), Unknown)


def _argument(expression: str, environment: dict[str, str]) -> str | Unknown:
    definitions = Definitions()
    text = f'{_FUNCTIONS}target "t" {{\n  args = {{ V = {expression} }}\n}}\n'
    definitions.add_file(Document("docker-bake.hcl", text))
    [target] = Bakery(definitions, environment).targets()
    return target.args["V"].value
