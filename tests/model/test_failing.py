from bellrock.model.failing import innermost


def test_the_first_of_a_group_is_the_cause():
    cause = BrokenPipeError()
    assert innermost(ExceptionGroup("a", [ExceptionGroup("b", [cause, ValueError()]), TypeError()])) is cause
    assert innermost(cause) is cause
