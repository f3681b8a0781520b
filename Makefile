.PHONY: demo test clean

demo:
	ci/demo

test:
	ci/test

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
