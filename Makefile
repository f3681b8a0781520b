.PHONY: demo test fuzz bench clean

demo:
	ci/demo

test:
	ci/test

fuzz:
	ci/venv --editable '.[test]'
	.venv/bin/python -m tests.fuzz --minutes 10

bench:
	ci/venv --editable '.[test]'
	.venv/bin/python -m benchmarks fetch

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
