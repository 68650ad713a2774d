from scripts.speed_table import PAGE, page


def test_the_page_is_what_the_table_says():
    assert PAGE.read_text() == page()
