"""Garbage collector tuning for long-running processes: freeze what start-up loaded, collect less often."""

import gc


def freeze_gc() -> None:
    """Exempt everything loaded so far from collection, and run the collector about a thirtieth as often.

    Requests leave little cyclic garbage, and the default of a run every 700 allocations costs a fifth of the CPU time.
    Much less often must it not run either: garbage of requests that were abandoned holds their bodies.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
