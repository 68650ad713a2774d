from scripts.benchmark.process_experiments import best, digits, exact


def test_rows_of_exactly_one_length_hold_every_comment_once():
    lengths = [9, 3, 9, 3, 3, 9, 4]
    by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
    batches = list(exact(by_length, lengths, tokens=18))
    assert [[lengths[i] for i in batch] for batch in batches] == [[3, 3, 3], [4], [9, 9], [9]]
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))


def test_every_work_is_done_in_every_round():
    done = []
    assert len(best(["a", "b"], 3, done.append)) == 2
    assert done == ["a", "b"] * 3


def test_figures_have_three_digits_or_all_before_the_point():
    assert [digits(value) for value in (0.61734, 12.04, 13064.2)] == ["0.617", "12", "13064"]
