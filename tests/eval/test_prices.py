import json

import pytest

from eval.prices import Cost, Price, cost, cost_of, read_prices
from retrieval.errors import InvalidInputError

PRICE = Price(input_per_million=1.2, output_per_million=3.4, currency="USD")


@pytest.fixture
def table(tmp_path):
    def table(content):
        path = tmp_path / "prices.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return table


def test_a_cost_by_hand():
    # 2,000 * 1.2 / 1e6 + 500 * 3.4 / 1e6 = .0024 + .0017
    assert cost({"prompt": 2000, "completion": 500}, PRICE).amount == pytest.approx(0.0041)
    assert cost({"prompt": 2000, "completion": 500}, PRICE).currency == "USD"


def test_a_model_without_a_price_is_not_free():
    found = cost_of("other", {"prompt": 1, "completion": 1}, {"model": PRICE})
    assert found == Cost(None, None, "the price table has no price for the model 'other'")


def test_tokens_that_were_not_counted_are_not_free():
    assert cost_of("model", {}, {"model": PRICE}).amount is None
    assert cost({"prompt": 3}, PRICE).reason == "the language model did not count its completion tokens"


def test_a_model_that_costs_nothing_is_free():
    assert cost({"prompt": 9, "completion": 9}, Price(0, 0, "EUR")) == Cost(0.0, "EUR")


def test_a_table_is_read(table):
    path = table({
        "model": {"input_per_million": 1.2, "output_per_million": 3.4, "currency": "USD"},
    })
    assert read_prices(path) == {"model": PRICE}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"m": 3}', "model 'm': needs an object"),
        ('{"m": {}, "m": {}}', "'m' stands there twice"),
        (
            {"m": {"output_per_million": 1, "currency": "USD"}},
            "input_per_million must be a number of 0 or more, not None",
        ),
        ({"m": {"input_per_million": -1, "output_per_million": 1, "currency": "USD"}}, "not -1"),
        ({"m": {"input_per_million": "1", "output_per_million": 1, "currency": "USD"}}, "not '1'"),
        ({"m": {"input_per_million": True, "output_per_million": 1, "currency": "USD"}}, "not True"),
        ('{"m": {"input_per_million": NaN, "output_per_million": 1, "currency": "USD"}}', "not nan"),
        ({"m": {"input_per_million": 1, "output_per_million": 1, "currency": "dollars"}}, "three capital letters"),
        ({"m": {"input_per_million": 1, "output_per_million": 1, "currency": "USD", "in": 1}}, "'in' is not known"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(table, content, message):
    with pytest.raises(InvalidInputError, match="price") as refused:
        read_prices(table(content))
    assert message in str(refused.value)
    assert "prices.json" in str(refused.value)


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"):
        read_prices(tmp_path / "none.json")
