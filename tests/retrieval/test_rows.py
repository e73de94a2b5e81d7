from retrieval.rows import storable
from retrieval.store import listed


def test_text_is_storable_unless_it_holds_nul_or_a_lone_surrogate():
    assert storable("") is True
    assert storable("ä 𝄞 \\u0000") is True
    assert storable("a\x00") is False
    assert storable("a\ud800") is False


def test_a_list_leaves_out_what_no_database_holds():
    assert listed(["a", "ä", "\\u0000"]) == '["a", "\\u00e4", "\\\\u0000"]'
    assert listed(["a", "\x00", "\ud800", "b"]) == '["a", "b"]'
    assert listed([]) == "[]"
