"""A run of Agora in a process of its own, for trials.

python -m tests.support.generate_rows URL ROWS CONCURRENCY OUTPUT [SYSTEM MESSAGE]
"""

import json
import resource
import sys
import time

from toolworld.datasets import (
    Agora,
    AgoraConfig,
    InstanceGenerationParser,
    InstanceGenerationPromptLoader,
    MathValidator,
)

_TOPICS = ("cats", "dogs", "rain", "snow", "wind", "stars", "moons")
_SEEDS = [
    {
        "instruction": f"seed question number {n} about {topic}",
        "response": f"{n} + 1 = {n + 1}\n[RESULT]{n + 1}[/RESULT]",
    }
    for n, topic in enumerate(_TOPICS)
]
_SHOWN = "".join(f"INPUT: <input{n}>\nOUTPUT: <output{n}>\n[END]\n" for n in (1, 2, 3))


def main() -> None:
    """Generate, and print what it took as JSON."""
    url, rows, concurrency, output, *system = sys.argv[1:]
    agora = Agora(
        llm=f"{url}#quick",
        placeholder_formats={},
        prompt_loader=InstanceGenerationPromptLoader(f"{_SHOWN}\nINPUT:", _SEEDS, 3, None, 2),
        parser=InstanceGenerationParser(),
        validator=MathValidator(),
        sampling_params={"top_p": 0.9, "stop": "[END]"},
        config=AgoraConfig(show_progress=False, system_message=system[0] if system else "Write problems."),
    )
    began = time.perf_counter()
    made = agora.run(int(rows), output, num_threads=int(concurrency))
    took = {
        "rows": len(made),
        "seconds": time.perf_counter() - began,
        "replies": made.summary.replies,
        "rejected": made.summary.rejected,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cpu_seconds": time.process_time(),
    }
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
