"""`make bench`: the budgets of the design, measured on this machine, beside what peers were measured to need.

CPU time of one core, the best of several rounds (these machines are shared, and the best is the
least disturbed). Where a figure is of a server, it is the server process's own CPU time.
"""

import sys
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.by_url import measure_by_url
from tests.benchmarks.doors import measure_doors
from tests.benchmarks.figures import Figure
from tests.benchmarks.in_process import measure_in_process
from tests.benchmarks.long_episodes import measure_long_episodes
from tests.benchmarks.many_environments import measure_many_environments
from tests.benchmarks.of_datasets import measure_datasets
from tests.benchmarks.of_pages import measure_pages
from tests.benchmarks.over_http import measure_over_http
from tests.benchmarks.several_servers import measure_several_servers


def main() -> None:
    """Measure everything and print the table."""
    figures: list[Figure] = []
    for measure in (measure_in_process, measure_long_episodes, measure_over_http, measure_doors, measure_by_url):
        figures += anyio.run(measure)
    figures += anyio.run(measure_pages)
    figures += anyio.run(measure_several_servers)
    figures += measure_many_environments()
    figures += measure_datasets()
    table = Table("what", "measured", "budget", "", "peers, measured on a machine of this size", title_justify="left")
    for figure in figures:
        met = "" if figure.budget is None else "[green]met[/]" if figure.is_met else "[red]missed[/]"
        table.add_row(figure.what, figure.shown, figure.budget_shown, met, figure.peers)
    Console(width=150 if not sys.stdout.isatty() else None, highlight=False).print(table)


main()
