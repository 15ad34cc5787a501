from toolworld.llm import Usage


def test_usage_adds_up() -> None:
    one = Usage(completions=1, prompt_tokens=10, completion_tokens=2, cost_usd=0.5)
    assert one + one == Usage(completions=2, prompt_tokens=20, completion_tokens=4, cost_usd=1.0)
