from bellrock.diagnosis.once import once


def test_the_first_of_each_place_in_their_order():
    seen = [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)]
    assert [*once(seen, lambda one: one[0])] == [("a", 1), ("b", 2), ("c", 4)]


def test_nothing_is_sought_before_it_is_asked_for():
    def forever():
        at = 0
        while True:
            yield at
            at += 1

    found = once(forever(), lambda one: one // 10)
    assert [next(found), next(found), next(found)] == [0, 10, 20]
