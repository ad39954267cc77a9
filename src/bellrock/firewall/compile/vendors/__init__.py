"""A policy for vendors' platforms: prepared for what each can say, written by Aerleon, read back, and compared.

What comes out says exactly what was prepared, or nothing comes out.
"""

from bellrock.firewall.compile.policy import Artefact, CompileError, Policy
from bellrock.firewall.compile.vendors import compare, finish
from bellrock.firewall.compile.vendors.generate import generate
from bellrock.firewall.compile.vendors.platforms import LEFT_OUT, PLATFORMS, Platform
from bellrock.firewall.compile.vendors.prepare import prepare
from bellrock.firewall.compile.vendors.rules import Rule

__all__ = ["LEFT_OUT", "PLATFORMS", "check", "vendor"]


def vendor(policy: Policy, target: str) -> Artefact:
    """The configuration of a platform.

    Raises:
        CompileError: the platform cannot stand at the place, the extra is missing, or what was written says anything else
            than what was meant.
    """
    platform = PLATFORMS[target]
    rules, notices = prepare(policy, platform, target)
    written = generate(rules, platform, target=target, name=policy.options.table)
    notices = (*finish.replacing(written), *notices)
    text = finish.finish(written, rules, notices, platform)
    check(rules, text, platform, target)
    return Artefact(target=target, text=text, notices=notices)


def check(rules: list[Rule], text: str, platform: Platform, target: str) -> None:
    """That a text lets through what the rules let through, and nothing else.

    Raises:
        CompileError: it does not, or it cannot be read.
    """
    try:
        said = platform.read(text)
    # Whatever a text lacks, its reader stumbles over it: that is an answer, too.
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CompileError(f"{target}: what was generated cannot be read back: {error}") from error
    found = [*compare.open_ended(rules, said), *compare.differences(rules, said)]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CompileError(f"{target}: what was generated says something else: {found[0]}{more}; nothing was written")
