"""The schema of the configuration file, beside what commands take."""

import tomllib

import jsonschema
import pytest

from bellrock.cli.configfile import ConfigurationError, load
from bellrock.cli.configkeys import SECTIONS, command_of, keys_of
from bellrock.cli.configschema import described, json_schema
from tests.cli.test_configfile import GOOD, WRONG

SCHEMA = json_schema()
FORM = (
    "expected a list",
    "did you mean",
    "is not one of",
    "expected true",
    "expected a whole",
    "not in the range",
    "only on",
)
"""What is wrong in a way that a schema can say."""


def test_it_is_a_schema_that_takes_what_is_right():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(tomllib.loads(GOOD), SCHEMA)


@pytest.mark.parametrize("text", [one[0] for one in WRONG if any(word in one[3] for word in FORM)])
def test_it_takes_nothing_of_a_form_that_is_refused(text, tmp_path):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigurationError):
        load(tmp_path / "c.toml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), SCHEMA)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_in_it_with_a_line_for_people(section):
    properties = SCHEMA["properties"][section]["properties"]
    assert list(properties) == list(keys_of(command_of(section)))
    assert [key for key, one in properties.items() if not one["description"] or "[default" in one["description"]] == []
    defaults = {key: one["default"] for key, one in properties.items() if "default" in one}
    jsonschema.validate({section: defaults}, SCHEMA)


def test_what_help_says_of_default_and_environment_is_left_out():
    assert described(keys_of(command_of("region"))["state-dir"]) == "Where state is kept."
