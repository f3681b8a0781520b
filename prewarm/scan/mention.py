"""The words without which no YAML or JSON names an image: a quick look before any parsing."""

from __future__ import annotations

import re

MENTION = re.compile(
    r"mage(?!Pull)|MAGE(?!_PULL)"
    r"|:(?:(?<=epository:)|(?<=epository\":)|(?<=epo:)|(?<=epo\":)|(?<=hub:)|(?<=hub\":)"
    r"|(?<=package:)|(?<=package\":)|(?<=docker:)//)"
    r"|\.(?:io|dev|com|co|aws|cn|org|net)[:/]"
)
"""Matches wherever a key or a value says that an image may be meant. Wide on purpose."""
