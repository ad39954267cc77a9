"""A lab's errors as commands tell them."""

import pytest

from bellrock.cli.labtold import LabFailure, lab_told
from bellrock.lab.parse import LabFileError
from bellrock.lab.schema import LabError


@pytest.mark.parametrize(("error", "code"), [(LabError("no switch\nmore"), 3), (LabFileError("x.toml:1: bad"), 2)])
def test_a_mistake_in_a_file_is_2_and_what_could_not_be_done_is_3(error, code):
    with pytest.raises(LabFailure) as told, lab_told():
        raise error
    assert (told.value.exit_code, told.value.message) == (code, str(error))


def test_without_an_error_nothing_is_told():
    with lab_told():
        pass
